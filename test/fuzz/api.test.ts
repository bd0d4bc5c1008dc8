import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { definePageType, type PageType } from '../../src/handler/index.js';
import {
  createEvacuator,
  createMachine,
  type Evacuator,
  type EvacuatorOptions,
  Forecaster,
  forecast,
  LinuxTree,
  loadPlugins,
  type Machine,
  type MachineSpec,
  machineFromImage,
  machineFromScenario,
  parseKernelLog,
  parseScenario,
  readCapture,
  runToEnd,
  simModule,
} from '../../src/index.js';
import type { MigrationRequest } from '../../src/migration/migration-run.js';
import { compareLedger, takeLedger } from '../../src/sim/ledger.js';
import { validateMachine } from '../../src/sim/validate.js';
import { defineStrategy, type StrategyDefinition } from '../../src/strategies/index.js';
import { SHIPPED } from '../swarm/world.js';
import { anyNumber, junk, mostly } from './junk.js';
import { endingOf } from './reader.js';
import { runsOf, SEED } from './settings.js';

/*
 * The public API as JavaScript can call it: whatever is passed, there is a result or a VacateError, the machine is whole
 * afterwards, and every page that was written reads what it read before.
 */

jest.setTimeout(3_600_000);

const SCENARIO = `
name: api
blockSize: 2MiB
dma32: 2MiB
contents: token
swap: 1MiB
nodes:
  - boot: 8MiB
    dimms: [{ name: dimm0, size: 4MiB, zone: movable }]
workloads:
  - { kind: anonymous, size: 1MiB, keep: 0.5 }
  - { kind: files, size: 512KiB, files: 3, mapped: 0.5, dirty: 0.2 }
`;

interface Bench {
  readonly machine: Machine;
  readonly evacuator: Evacuator;
}

function bench(): Bench {
  const machine = machineFromScenario(parseScenario(SCENARIO, 'api.yaml'));
  return { machine, evacuator: createEvacuator({ host: simModule(machine), plugins: SHIPPED }) };
}

const COST = 3;

/** Asks with arguments of chance; the machine that was asked must be as good as before. */
function asks<Args extends unknown[]>(
  args: fc.Arbitrary<Args>,
  ask: (bench: Bench, ...args: Args) => unknown,
  cost = COST,
): () => Promise<void> {
  return async () => {
    let on = bench();
    let ledger = takeLedger(on.machine);
    let nrResults = 0;
    const property = fc.asyncProperty(args, async (given) => {
      if ((await endingOf(() => ask(on, ...given))) === 'result') nrResults++;
      expect(validateMachine(on.machine)).toEqual([]);
      expect(compareLedger(on.machine, ledger).wrong).toBe(0);
      // What was done may leave nothing to do: blocks are offline, and everything has moved.
      if (nrResults % 20 !== 19) return;
      nrResults++;
      on = bench();
      ledger = takeLedger(on.machine);
    });
    await fc.assert(property, { numRuns: runsOf(cost), seed: SEED });
    const { evacuator } = bench();
    expect(runToEnd(evacuator.highOrder({ order: 9, count: 1 })).made).toBe(1);
  };
}

const strategyName = fc.constantFrom(
  ...[undefined, 'merged', 'compaction', 'tosatti:historical', 'booking', 'cheapest-range', 'isolate-first'],
  ...['page-capture', 'block-by-block', 'swap-out', 'node-remap', 'kswapd-orders', '', 'tosatti:', '+', 'constructor'],
);

describe(`requests (VACATE_SEED=${SEED} repeats it)`, () => {
  const highOrder = fc.record({
    order: mostly(fc.integer({ min: 0, max: 10 })),
    count: mostly(fc.oneof(fc.constant('all' as const), fc.integer({ min: 1, max: 5 }))),
    zones: mostly(fc.option(fc.array(fc.integer({ min: 0, max: 2 })), { nil: undefined })),
    bound: mostly(fc.option(fc.boolean(), { nil: undefined })),
    mode: junk,
    switches: junk,
  });
  const sparse = <T extends object>(request: fc.Arbitrary<T>) =>
    mostly(
      request.chain((whole) => fc.subarray(Object.keys(whole)).map((keys) => pick(whole, keys))),
    ) as fc.Arbitrary<never>;

  it('for blocks of an order', async () => {
    await asks(fc.tuple(sparse(highOrder), mostly(strategyName)), ({ evacuator }, request, name) =>
      runToEnd(evacuator.highOrder(request, name as string)),
    )();
  });

  it('for memory blocks', async () => {
    const blocks = mostly(fc.array(mostly(fc.integer({ min: 0, max: 6 })), { maxLength: 4 }));
    await asks(
      fc.tuple(sparse(fc.record({ blocks, mode: junk })), mostly(strategyName)),
      ({ evacuator }, request, name) => runToEnd(evacuator.offline(request, name as string)),
    )();
  });

  it('for reclaim', async () => {
    const order = mostly(fc.integer({ min: 0, max: 10 }));
    await asks(fc.tuple(sparse(fc.record({ order })), mostly(strategyName)), ({ evacuator }, request, name) =>
      runToEnd(evacuator.reclaim(request, name as string)),
    )();
  });

  it('that are only checked', async () => {
    const frontEnd = mostly(fc.constantFrom('highOrder', 'offline', 'reclaim'));
    await asks(fc.tuple(frontEnd, mostly(strategyName)), ({ evacuator }, front, name) =>
      evacuator.check(front as 'offline', name as string),
    )();
  });

  it('to move pages', async () => {
    const pfn = fc.oneof(fc.integer({ min: 0, max: 3071 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    const pfns = fc
      .array(pfn, { maxLength: 40 })
      .chain((list) =>
        fc.constantFrom(
          Uint32Array.from(list),
          Uint32Array.from(new Set(list)).sort(),
          Uint32Array.from(list.map((each) => each % 3072)).sort(),
        ),
      );
    const request = fc.record({
      pfns: mostly(pfns),
      mode: mostly(fc.integer({ min: 0, max: 2 })),
      sparedOrder: mostly(fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined })),
      passes: mostly(fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined })),
      targets: fc.option(junk, { nil: undefined, freq: 9 }),
    }) as unknown as fc.Arbitrary<MigrationRequest>;
    await asks(fc.tuple(sparse(request)), ({ evacuator }, asked) => evacuator.service.migrate(asked))();
  });

  it('to judge a page', async () => {
    await asks(fc.tuple(mostly(anyNumber)), ({ evacuator }, pfn) => {
      expect(Number.isSafeInteger(evacuator.service.judge(pfn))).toBe(true);
    })();
  });

  it('for a forecast', async () => {
    const options = fc.record({
      blocks: mostly(fc.option(fc.array(mostly(fc.integer({ min: 0, max: 6 }))), { nil: undefined })),
      said: mostly(fc.constant(null)),
      owners: mostly(fc.constant(null)),
    });
    await asks(fc.tuple(sparse(options), mostly(anyNumber)), ({ evacuator }, asked, need) => {
      forecast(evacuator.service, asked);
      const forecaster = new Forecaster(evacuator.service, asked);
      forecaster.need(forecaster.all(), need);
    })();
  });
});

/** Own values by key, those of prototypes never. */
function pick<T extends object>(whole: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(whole).filter(([key]) => keys.includes(key))) as Partial<T>;
}

describe('definitions', () => {
  const name = mostly(fc.constantFrom('mine', 'Mine', 'a--b', 'merged', 'anonymous'));
  const refusal = mostly(
    fc.record({ id: name, kind: mostly(fc.constantFrom('retry', 'permanent')), because: mostly(fc.constant('busy')) }),
  );
  const pageType = mostly(
    fc.record({
      name,
      api: mostly(fc.constant(1)),
      order: mostly(fc.constantFrom('pre', null, 'post')),
      claims: mostly(fc.constant('all pages')),
      refusals: mostly(fc.array(refusal).map((table) => [null, ...table])),
      create: mostly(fc.constant(() => ({ claims: () => false }))),
    }),
  ) as unknown as fc.Arbitrary<PageType>;

  it('of page types', async () => {
    await asks(fc.tuple(pageType), (_bench, plugin) => definePageType(plugin))();
  });

  it('of strategies', async () => {
    const definition = mostly(
      fc.record({
        frontEnd: mostly(fc.constantFrom('high-order', 'offline', 'reclaim')),
        create: mostly(
          fc.constantFrom(
            () => ({}),
            () => null,
            () => ({ name: 'x', about: 'y', run: 5 }),
          ),
        ),
      }),
    ) as unknown as fc.Arbitrary<StrategyDefinition>;
    await asks(fc.tuple(definition), ({ machine }, strategy) => {
      defineStrategy(strategy);
      createEvacuator({ host: simModule(machine), plugins: [], strategies: [strategy] });
    })();
  });

  it('of evacuators', async () => {
    const options = mostly(
      fc.record({
        host: mostly(fc.constant('the machine')),
        plugins: mostly(fc.array(pageType, { maxLength: 2 })),
        strategies: mostly(fc.constant([])),
        modules: mostly(fc.constant([])),
        onListenerError: mostly(fc.constant(() => {})),
      }),
    );
    await asks(fc.tuple(options), ({ machine }, given) => {
      const host = given?.host === 'the machine' ? { host: simModule(machine) } : {};
      const wholly = typeof given === 'object' && given !== null ? { ...given, ...host } : given;
      createEvacuator(wholly as unknown as EvacuatorOptions).highOrder({ order: 1, count: 1 });
    })();
  });
});

describe('machines', () => {
  const zone = fc.record({
    node: mostly(fc.constant(0)),
    kind: mostly(fc.constantFrom('Normal', 'Movable')),
    start: mostly(fc.constantFrom(0, 512)),
    end: mostly(fc.constantFrom(512, 1024)),
    watermarks: mostly(fc.constant({ min: 0, low: 0, high: 0 })),
    lowmemReserve: mostly(fc.constant({ DMA: 0, DMA32: 0, Normal: 0, Movable: 0 })),
  });
  const block = fc.record({ block: mostly(fc.integer({ min: 0, max: 2 })), state: mostly(fc.constantFrom(0, 1, 3)) });
  const spec = mostly(
    fc.record({
      name: mostly(fc.constant('mine')),
      nrPfns: mostly(fc.constant(1024)),
      nrCpus: mostly(fc.constant(1)),
      blockPages: mostly(fc.constant(512)),
      zones: mostly(fc.array(mostly(zone), { maxLength: 2 })),
      blocks: mostly(fc.array(mostly(block), { maxLength: 2 })),
      dimms: mostly(fc.constant([])),
      nrSwapSlots: mostly(fc.constant(16)),
      contents: mostly(fc.constant('token')),
    }),
  ) as unknown as fc.Arbitrary<MachineSpec>;

  it('by their shape', async () => {
    await asks(fc.tuple(spec), (_bench, given) => createMachine(given))();
  });

  it('of scenarios and images', async () => {
    const options = mostly(fc.record({ seed: mostly(fc.nat()), onProgress: mostly(fc.constant(undefined)) }));
    const scenario = mostly(fc.constant(parseScenario(SCENARIO, 'api.yaml')));
    await asks(fc.tuple(scenario, options), (_bench, given, how) => machineFromScenario(given, how as object), 12)();
    await asks(fc.tuple(junk), (_bench, image) => machineFromImage(image as never))();
    await asks(fc.tuple(junk), (_bench, machine) => simModule(machine as never))();
  });

  it('of texts', async () => {
    await asks(fc.tuple(mostly(fc.string()), junk), (_bench, text, where) => parseScenario(text, where as string))();
    await asks(fc.tuple(junk, junk), (_bench, from, options) => readCapture(from as string, options as object))();
    await asks(fc.tuple(mostly(fc.string())), (_bench, text) => parseKernelLog(text))();
    await asks(fc.tuple(junk), (_bench, root) => new LinuxTree(root as string).text('/proc/nothing'))();
    await asks(fc.tuple(mostly(fc.array(junk))), (_bench, list) => loadPlugins(list as string[]))();
  });
});
