import {
  driverPages,
  type Fixture,
  movableOpsFixture,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  refusedInTheMidst,
} from 'vacate/testing';
import { ringBuffer } from '../../../examples/custom-handler/ring-buffer.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { SimHost } from '../../../src/sim/sim-host.js';

/* The example for authors of handlers has to pass what their handlers have to pass. */

const inTransfer = new Set<number>();
const plugin = ringBuffer(inTransfer);

function fixture(): Fixture {
  inTransfer.clear();
  const { machine, pages, refusals } = movableOpsFixture();
  const pfn = pages[0]!.pfn;
  const provoke = () => void inTransfer.add(pfn);
  const relieve = () => void inTransfer.delete(pfn);
  return { machine, pages, refusals: { ...refusals, 'dma-active': { pfn, from: 'refuses', provoke, relieve } } };
}

describe('ring-buffer', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...driverPages(), fixture })) it(name, run);

  it('leaves a page whose transfer begins when it is about to move', () => {
    const world = openWorld(plugin, fixture());
    refusedInTheMidst(world, { ...world.refusals['dma-active']!, from: 'migrate' }, 'ring-buffer: dma-active');
  });

  it('is asked before movable-ops, wherever it stands in the list', () => {
    const { machine, pages } = fixture();
    const pfn = pageThatIs("in a driver's pool", { machine, pages, refusals: {} });
    for (const plugins of [
      [plugin, movableOps],
      [movableOps, plugin],
    ]) {
      const { handlers } = new MigrationService(new SimHost(machine), plugins, new PageEvents());
      expect(handlers.names[handlers.handlerFor(machine.flags[pfn]!)]).toBe('ring-buffer');
    }
  });
});
