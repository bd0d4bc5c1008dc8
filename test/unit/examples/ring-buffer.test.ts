import {
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

const NOT_ON_LRU = "no LRU ever has a driver's page";
const NOT_WRITTEN = "no disk and no swap stands behind a driver's page";
const NOT_MAPPED = "no page table maps a driver's page";
const skip = [
  { name: 'a page off the LRU is refused, and nothing changes', because: NOT_ON_LRU },
  { name: 'a page off the LRU goes once it is back on it', because: NOT_ON_LRU },
  { name: 'a page under writeback is refused, and nothing changes', because: NOT_WRITTEN },
  { name: 'a page under writeback goes once its write has completed', because: NOT_WRITTEN },
  { name: 'a dirty page can be written back from its new place', because: NOT_WRITTEN },
  { name: 'migrate keeps the swap slot', because: NOT_WRITTEN },
  { name: 'a swap entry leads to the new page', because: NOT_WRITTEN },
  { name: 'migrate moves every mapping', because: NOT_MAPPED },
  { name: 'migrate moves all mappings of a page that several processes share', because: NOT_MAPPED },
  { name: 'every CPU finds the new page, also one that knew the old', because: NOT_MAPPED },
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems' },
];

describe('ring-buffer', () => {
  for (const { name, run } of pageTypeConformance(plugin, { fixture, skip })) it(name, run);

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
