import { readFileSync } from 'node:fs';
import {
  blocksOf,
  Clock,
  ContainerModule,
  createEvacuator,
  loadShippedPlugins,
  type MemoryHost,
  machineFromScenario,
  Planner,
  parseScenario,
  simModule,
  TargetAllocator,
} from 'vacate';
import type { HighOrderStrategy } from 'vacate/strategy';

// Replaces services of vacate by one's own: where pages go, who plans, and what time is measured by.
// After `npm run build`: node dist/examples/custom-services.js

/** Pages go where the buddy allocator has any, as alloc_pages() would choose, not into the smallest holes. */
const asTheyCome: TargetAllocator = {
  targetsFor: (host: MemoryHost) => ({
    get: (order, source) => {
      const { node } = host.layout.zones[host.zoneOf(source)]!;
      counted.targets++;
      return host.free.allocate({ order, node, ownNode: true, highest: 'Movable', mark: 'min' });
    },
    put: (pfn, order) => host.free.give(pfn, order),
  }),
};

/** Whoever asks for blocks gets none: a planner for machines that nothing may move on. */
const leavesAlone: HighOrderStrategy = {
  name: 'leaves-alone',
  about: 'makes no block at all',
  *run({ order, count }) {
    yield { step: 'scanning', done: 1, total: 1 };
    const nothing = { made: 0, freeBefore: 0, pagesMigrated: 0, pagesReclaimed: 0, scanned: null, lowerBound: null };
    const moved = { sources: new Uint32Array(), targets: new Uint32Array() };
    const lists = { candidates: null, ranges: [], refusals: [], moved };
    return { outcome: 'refused', strategy: 'leaves-alone', order, asked: count, ...nothing, ...lists };
  },
};

/** A clock that goes on by a millisecond whenever it is looked at: a run is stopped at the same point each time. */
const ticking: Clock = { nowMs: () => counted.looks++ };

const counted = { targets: 0, looks: 0 };

const mine = new ContainerModule(({ rebind }) => {
  rebind(TargetAllocator).toConstantValue(asTheyCome);
  rebind(Planner).toConstantValue(leavesAlone);
  rebind(Clock).toConstantValue(ticking);
});

const file = 'examples/scenarios/two-dimms.yaml';
const machine = machineFromScenario(parseScenario(readFileSync(file, 'utf8'), file));
const host = simModule(machine);
const plugins = await loadShippedPlugins();
const evacuator = createEvacuator({ host, plugins, modules: [mine] });

const { dimms, blockPages } = evacuator.host.layout;
const blocks = blocksOf(dimms[1]!.range, blockPages);
const stopped = await evacuator.run(evacuator.offline({ blocks }), { timeoutMs: 50 }).catch((error) => error.message);
console.log(`by a clock of our own: ${stopped}`);
const { outcome } = await evacuator.run(evacuator.offline({ blocks }));
const { length } = evacuator.host.validate();
console.log(`${outcome}, with ${counted.targets} targets of our own; ${length} invariants are broken`);
const { strategy, made } = await evacuator.run(evacuator.highOrder({ order: 9, count: 1 }));
console.log(`${strategy} made ${made} blocks`);

// What is bound twice, or not at all, is said by name.
const twice = new ContainerModule(({ bind }) => {
  bind(Clock).toConstantValue(ticking);
});
const notAtAll = new ContainerModule(({ unbind }) => {
  unbind(Planner);
});
for (const module of [twice, notAtAll])
  try {
    createEvacuator({ host, plugins, modules: [module] });
  } catch (error) {
    console.log((error as Error).message);
  }
