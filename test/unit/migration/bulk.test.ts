import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hashOf } from '../../../src/compare/kept-machine.js';
import { createEvacuator, type Evacuator } from '../../../src/container/create-evacuator.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import type { BulkMover } from '../../../src/host/bulk-mover.js';
import { MIGRATE_SYNC, NR_MAX_BATCHED_MIGRATION } from '../../../src/mm/migrate-mode.js';
import { MAX_PAGE_ORDER } from '../../../src/mm/units.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import type { SimBulkMover } from '../../../src/sim/bulk-mover.js';
import type { Machine } from '../../../src/sim/machine.js';
import { createPlaces, sortOutPlain } from '../../../src/sim/plain-pages.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { type Job, runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, framesOf, PLUGINS, serviceOf, settle, smallMachine } from '../sim/small-machine.js';

const fixture = new URL('../../fixtures/soak/small.yaml', import.meta.url);
const scenario = parseScenario(readFileSync(fixture, 'utf8'), 'small.yaml');

/** Everything that can be seen of a run. */
interface Seen {
  readonly result: unknown;
  readonly events: string;
  readonly hash: string;
  readonly wrong: readonly string[];
  /** Pages that went in bulk. */
  readonly inBulk: number;
}

const JOBS: Readonly<Record<string, (evacuator: Evacuator) => Job<unknown>>> = {
  'offline, merged': (evacuator) => evacuator.offline({ blocks: [4, 5] }),
  'offline, isolate-first': (evacuator) => evacuator.offline({ blocks: [6, 7] }, 'isolate-first'),
  'offline, block-by-block': (evacuator) => evacuator.offline({ blocks: [4, 5] }, 'block-by-block'),
  'high-order, 4 of order 9': (evacuator) => evacuator.highOrder({ order: 9, count: 4 }),
  'high-order, all of order 5': (evacuator) => evacuator.highOrder({ order: 5, count: 'all' }),
  'high-order, cheapest-range': (evacuator) => evacuator.highOrder({ order: 8, count: 6 }, 'cheapest-range'),
};

/** The reference: the same pages at a time, by the service's phases. */
class PhaseMover implements BulkMover {
  readonly capacity = NR_MAX_BATCHED_MIGRATION;
  readonly #places = createPlaces(NR_MAX_BATCHED_MIGRATION);

  constructor(private readonly machine: Machine) {}

  move(...[sources, nrPages, targets, sparedOrder, kindOf]: Parameters<BulkMover['move']>): number {
    const { service } = serviceOf(this.machine);
    const nr = sortOutPlain(this.machine, sources, nrPages, kindOf, this.#places);
    const pfns = sources.slice(0, nr);
    const report = service.migrate({ pfns, mode: MIGRATE_SYNC, sparedOrder });
    expect(report).toMatchObject({ migrated: nr, passes: nr === 0 ? 0 : 1 });
    targets.set(report.targets);
    return nr;
  }

  /** Every page is asked. */
  skipPlain(start: number): number {
    return start;
  }
}

class PhaseHost extends SimHost {
  override readonly bulk = new PhaseMover(this.machine) as unknown as SimBulkMover;
}

function run(seed: number, job: (evacuator: Evacuator) => Job<unknown>, Host: typeof SimHost): Seen {
  const machine = machineFromScenario(scenario, { seed });
  const host = simModule(machine, (m) => new Host(m));
  const evacuator = createEvacuator({ host, plugins: PLUGINS, pauses: 'batch' });
  const inBulk = countBulk(evacuator);
  const words: number[] = [];
  evacuator.pages$.subscribe((batch) => words.push(...batch.words));
  const result = runToEnd(job(evacuator));
  evacuator.dispose();
  const hash = hashOf(new Uint32Array(machine.buffer, 0, machine.buffer.byteLength >>> 2));
  return { result, events: words.join(), hash, wrong: validateMachine(machine), inBulk: inBulk() };
}

function countBulk({ host }: Evacuator): () => number {
  const bulk = (host as SimHost).bulk!;
  const move = bulk.move.bind(bulk);
  let nr = 0;
  bulk.move = (...request) => {
    const moved = move(...request);
    nr += moved;
    return moved;
  };
  return () => nr;
}

describe('pages in bulk', () => {
  describe.each([1, 2])('seed %i', (seed) => {
    it.each(Object.keys(JOBS))('%s: everything is as the phases leave it, to the byte', (name) => {
      const seen = run(seed, JOBS[name]!, SimHost);
      expect(seen).toEqual(run(seed, JOBS[name]!, PhaseHost));
      expect(seen.wrong).toEqual([]);
      // It brings its own targets.
      if (!name.includes('block-by-block')) expect(seen.inBulk).toBeGreaterThan(100);
    });
  });

  const kindOf = (types: readonly PageType[]) => {
    const m = smallMachine();
    const { service } = serviceOf(m);
    return types === PLUGINS ? (flags: number) => service.handlers.plainKindOf(flags) : () => null;
  };

  it.each([
    ['a pinned page', (m: ReturnType<typeof smallMachine>, pfn: number) => (m.count[pfn] = m.count[pfn]! + 1)],
    ['a locked page', (m: ReturnType<typeof smallMachine>, pfn: number) => (m.flags[pfn] = m.flags[pfn]! | 1)],
    [
      'a page off the LRU',
      (m: ReturnType<typeof smallMachine>, pfn: number) => (m.flags[pfn] = m.flags[pfn]! & ~(1 << 5)),
    ],
  ])('leaves %s to the phases, behind the others', (_what, spoil) => {
    const m = smallMachine();
    const frames = Uint32Array.from(framesOf(m, anonProcess(m, 8), 8)).sort();
    settle(m);
    spoil(m, frames[5]!);
    const spoilt = frames[5]!;
    const before = [m.flags[spoilt], m.count[spoilt], m.mapcount[spoilt], m.index[spoilt]];
    const { bulk } = new SimHost(m);
    expect(bulk!.move(frames, 8, new Uint32Array(8), MAX_PAGE_ORDER + 1, kindOf(PLUGINS))).toBe(7);
    expect(frames[7]).toBe(spoilt);
    expect([m.flags[spoilt], m.count[spoilt], m.mapcount[spoilt], m.index[spoilt]]).toEqual(before);
  });

  it('asks the handler of a page whose plugin has not said that it is plain', () => {
    const m = smallMachine();
    const frames = Uint32Array.from(framesOf(m, anonProcess(m, 8), 8)).sort();
    settle(m);
    expect(new SimHost(m).bulk!.move(frames, 8, new Uint32Array(8), MAX_PAGE_ORDER + 1, kindOf([]))).toBe(0);
  });
});
