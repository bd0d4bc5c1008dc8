import {
  driverPages,
  type Fixture,
  movableOpsFixture,
  move,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  refusedInTheMidst,
} from 'vacate/testing';
import { RingDriver, ringBuffer } from '../../../examples/custom-handler/ring-buffer.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { SimHost } from '../../../src/sim/sim-host.js';

/* The example for authors of handlers has to pass what their handlers have to pass. */

const ring = new RingDriver();
const { inTransfer } = ring;
const plugin = ringBuffer(ring);

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

  it('tells the card where its page is now, and nothing if the page stays', () => {
    const world = openWorld(plugin, fixture());
    const { pfn } = world.pages[0]!;
    ring.descriptors.splice(0, ring.descriptors.length, pfn);
    refusedInTheMidst(world, { ...world.refusals['dma-active']!, pfn, from: 'migrate' }, 'ring-buffer: dma-active');
    expect(ring.descriptors).toEqual([pfn]);
    const target = move(world, { ...world.pages[0]!, pfn });
    expect(ring.descriptors).toEqual([target]);
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
