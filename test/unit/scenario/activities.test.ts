import { describe, expect, it } from '@jest/globals';
import { RangeEvents } from '../../../src/events/range-events.js';
import { blocksOf } from '../../../src/mm/memory-block.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import { type Activities, startActivities } from '../../../src/scenario/activities/start.js';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { compareReadings, type Readings, takeReadings } from '../../../src/sim/readings.js';
import { CheapestRange } from '../../../src/strategies/high-order/cheapest-range.js';
import { IsolateFirst } from '../../../src/strategies/offline/isolate-first.js';
import type { Job } from '../../../src/strategies/strategy.js';
import { changed, countFree, expectSound, SEED, serviceOf, settle, snapshot } from '../sim/small-machine.js';
import { pagesWith, rangeOfDimm, SMALL } from './sketch.js';

const MS = 1_000_000;
/** Processes and files of every kind that activities meet. */
const WORKLOADS = [
  'kind: slab, size: 2MiB, keep: 0.7',
  'kind: anonymous, size: 9MiB, processes: 3, sharedByFork: 0.3, keep: 0.7',
  'kind: files, size: 5MiB, files: 20, mapped: 0.4, processes: 2, dirty: 0.2, buffers: 0.3',
  'kind: shmem, size: 1MiB',
  'kind: swapped, size: 2MiB, readBack: 0.4',
  'kind: hugepages, count: 2',
  'kind: nonlinear, size: 9 pages, on: slow',
];
const KINDS = {
  'file-churn': 'kind: file-churn, rate: 2, size: 24 pages, files: 30',
  fork: 'kind: fork, rate: 0.5, size: 100 pages, write: 0.5, processes: 3',
  touch: 'kind: touch, rate: 60, size: 600 pages',
  'direct-io': 'kind: direct-io, rate: 8, size: 400 pages, hold: 300us',
  'jumbo-frames': 'kind: jumbo-frames, rate: 10, hold: 700us',
  'cache-reads': 'kind: cache-reads, rate: 20, size: 3MiB, files: 7',
  growth: 'kind: growth, rate: 40, size: 3MiB, huge: true',
};
const ALL = Object.values(KINDS);

interface Stage {
  readonly m: Machine;
  readonly activities: Activities;
  /** What workloads read, and what there was, before activities began. */
  readonly before: Readings;
  readonly had: readonly number[];
}

/** The small machine, filled, and activities on it that have just begun. */
function stage(activities: readonly string[], seed = SEED, workloads: readonly string[] = WORKLOADS): Stage {
  const list = (lines: readonly string[]) => `[${lines.map((line) => `{ ${line} }`).join(', ')}]`;
  const text = `${SMALL}workloads: ${list(workloads)}\nactivities: ${list(activities)}`;
  const scenario = parseScenario(text, 'test.yaml');
  const m = machineFromScenario(scenario, { seed });
  const before = takeReadings(m);
  const had = population(m);
  return { m, before, had, activities: startActivities(scenario, m, seed) };
}

/** Workloads read what they read, but where an activity has rightly written; activities read what they wrote. */
function expectRead({ m, before, activities }: Stage): void {
  expect(activities.wrong).toBe(0);
  const compared = compareReadings(m, before, (mm, vpn) => activities.hasWritten(mm, vpn));
  expect(compared).toMatchObject({ wrong: 0, firstWrong: null });
  expect(compared.pages).toBeGreaterThan(1000);
}

const population = (m: Machine) => [nrProcesses(m), nrFiles(m), m.scalars[SCALAR.nrHolds]!];
const nrProcesses = (m: Machine) => m.mmAlive.reduce((sum, alive) => sum + alive, 0);
const nrFiles = (m: Machine) => m.mapKind.reduce((sum, kind) => sum + (kind >= 2 ? 1 : 0), 0);

describe('every activity, alone for 50 ms', () => {
  it.each(Object.entries(KINDS))(`%s (seed ${SEED})`, (_kind, activity) => {
    const both = stage([activity]);
    const { m, activities } = both;
    const clock = m.clock[0]!;
    const start = snapshot(m);
    activities.run(50 * MS);
    expect(m.clock[0]).toBeGreaterThanOrEqual(clock + 50 * MS);
    expect(changed(m, start)).not.toEqual(['clock']);
    expectSound(m);
    activities.stop();
    expectSound(m);
    expectRead(both);
    expect(population(m)).toEqual(both.had);
  });
});

describe('what each does', () => {
  it('file-churn replaces files, and their pages and places are used again', () => {
    const { m, activities } = stage([KINDS['file-churn']], 1, []);
    const settledFree = () => {
      settle(m);
      return countFree(m);
    };
    const before = settledFree();
    activities.run(20 * MS);
    const cached = before - settledFree();
    expect(cached).toBe(30 * 24);
    expect(nrFiles(m)).toBe(30);
    activities.run(200 * MS);
    expect(before - settledFree()).toBe(30 * 24);
    const places = m.scalars[SCALAR.storedFill]! - m.spec.nrSwapSlots;
    expect(places).toBeLessThanOrEqual(31 * 24);
    const leaves = m.scalars[SCALAR.leavesUsed]!;
    activities.stop();
    expect(settledFree()).toBe(before);
    expect(leaves).toBeGreaterThan(0);
    expect(m.scalars[SCALAR.leavesUsed]).toBe(0);
  });

  it('fork copies what children write, and frees it when they exit', () => {
    const { m, activities } = stage([KINDS.fork], 1, []);
    activities.run(60 * MS);
    expect(nrProcesses(m)).toBe(1 + 3);
    const pages = pagesWith(m, 0).filter((pfn) => m.mapcount[pfn]! > 0);
    // Each child has copies of about 1 - 1/e^0.5 of 100 pages.
    expect(pages.length).toBeGreaterThan(100 + 3 * 30);
    expect(pages.length).toBeLessThan(100 + 3 * 60);
    expect(pages.filter((pfn) => m.mapcount[pfn]! > 1).length).toBeGreaterThan(20);
  });

  it('jumbo-frames hold as many packets as arrive in the time of one', () => {
    const { m, activities } = stage([KINDS['jumbo-frames']], 1, []);
    activities.run(20 * MS);
    expect(pagesWith(m, PG_SLAB)).toHaveLength(10 * 0.7 * 4);
    activities.stop();
    expect(pagesWith(m, PG_SLAB)).toEqual([]);
  });

  it('direct-io pins for its time, and drops its pins when stopped', () => {
    const { m, activities } = stage(['kind: direct-io, rate: 8, size: 400 pages, hold: forever'], 1);
    const before = m.scalars[SCALAR.nrHolds]!;
    activities.run(5 * MS);
    expect(m.scalars[SCALAR.nrHolds]! - before).toBeGreaterThan(30);
    activities.stop();
    expect(m.scalars[SCALAR.nrHolds]).toBe(before);
  });

  it('growth takes huge pages where it can, and counts those that it cannot have', () => {
    const roomy = stage([KINDS.growth], 1, []);
    roomy.activities.run(30 * MS);
    expect(roomy.activities.failures).toBe(0);
    const tight = stage([KINDS.growth], 1, ['kind: anonymous, size: 41MiB, keep: 0.8', 'kind: slab, size: 1MiB']);
    tight.activities.run(30 * MS);
    expect(tight.activities.failures).toBeGreaterThan(0);
  });

  it('touch writes pages of the workloads, and says which', () => {
    const { m, activities, before } = stage([KINDS.touch], 1);
    activities.run(20 * MS);
    expect(compareReadings(m, before).wrong).toBeGreaterThan(100);
    expect(compareReadings(m, before, (mm, vpn) => activities.hasWritten(mm, vpn)).wrong).toBe(0);
  });
});

describe('all of them', () => {
  it('leave the same machine for the same seed, however time is cut', () => {
    const whole = stage(ALL, 7);
    whole.activities.run(12 * MS);
    const pieces = stage(ALL, 7);
    for (let piece = 0; piece < 96; piece++) pieces.activities.run(125_000);
    expect(changed(pieces.m, snapshot(whole.m))).toEqual([]);
    const other = stage(ALL, 7);
    startActivities(parseScenario(`${SMALL}activities: [{ ${KINDS.growth} }]`, 'a'), other.m, 8).run(12 * MS);
    expect(changed(other.m, snapshot(whole.m))).toContain('contents');
  });

  it('find out when a page reads something else than what was written', () => {
    for (const [kind, activity] of Object.entries(KINDS)) {
      if (kind === 'direct-io') continue;
      const { m, activities } = stage([activity], 1);
      activities.run(10 * MS);
      for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) if (m.count[pfn]! > 0) m.contents[pfn * m.contentWords]! ^= 1;
      activities.stop();
      expect([kind, activities.wrong > 0]).toEqual([kind, true]);
    }
  });

  it(`go without when memory is gone, and nothing breaks (seed ${SEED})`, () => {
    const both = stage(ALL, SEED, ['kind: anonymous, size: 41MiB, processes: 2', 'kind: slab, size: 1MiB']);
    const { m, activities } = both;
    activities.run(30 * MS);
    expect(activities.failures).toBeGreaterThan(0);
    expectSound(m);
    activities.stop();
    expectRead(both);
    expectSound(m);
  });
});

/** Runs a job with activities at each of its pauses; checks what they and the workloads read, and the machine, at the end. */
function runBeside<Result>(both: Stage, job: Job<Result>): Result {
  for (;;) {
    const step = job.next();
    if (step.done === true) {
      both.activities.stop();
      expectRead(both);
      expectSound(both.m);
      expect(population(both.m)).toEqual(both.had);
      return step.value;
    }
    both.activities.run(200_000);
  }
}

describe('beside a job', () => {
  const seeds = [SEED, SEED + 1, SEED + 2];

  it.each(seeds)('cheapest-range (seed %i)', (seed) => {
    const both = stage(ALL, seed);
    const { service } = serviceOf(both.m);
    const result = runBeside(both, new CheapestRange(service, new RangeEvents()).run({ order: 9, count: 6 }));
    expect(result.pagesMigrated).toBeGreaterThan(0);
  });

  it.each(seeds)('isolate-first (seed %i)', (seed) => {
    // Direct I/O never stops: isolate-first would wait for its pins, and refuse before it moves anything.
    const both = stage(
      ALL.filter((activity) => activity !== KINDS['direct-io']),
      seed,
    );
    const { service } = serviceOf(both.m);
    const blocks = blocksOf(rangeOfDimm(both.m, 'fast'), both.m.spec.blockPages);
    const result = runBeside(both, new IsolateFirst(service, new RangeEvents()).run({ blocks }));
    expect(result.pagesMigrated).toBeGreaterThan(0);
  });

  it('stopped at a pause of the job, they give back the rest when asked again', () => {
    const { m, activities, had } = stage([KINDS['file-churn'], KINDS['cache-reads'], KINDS.touch], 3);
    const { service } = serviceOf(m);
    const blocks = blocksOf(rangeOfDimm(m, 'fast'), m.spec.blockPages);
    activities.run(10 * MS);
    const job = new IsolateFirst(service, new RangeEvents()).run({ blocks });
    for (let pause = 0; pause < 9 && job.next().done !== true; pause++) activities.run(100_000);
    activities.stop();
    while (job.next().done !== true);
    activities.stop();
    expect(activities.wrong).toBe(0);
    expect(nrFiles(m)).toBe(had[1]);
    expectSound(m);
  });
});
