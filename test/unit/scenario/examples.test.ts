import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import anonymous from '../../../plugins/anonymous/index.js';
import fileBacked from '../../../plugins/file-backed/index.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import nonlinear from '../../../plugins/nonlinear/index.js';
import swapBacked from '../../../plugins/swap-backed/index.js';
import { KeptMachine } from '../../../src/compare/kept-machine.js';
import { createEvacuator, type Evacuator } from '../../../src/container/create-evacuator.js';
import { blockRange, blocksOf } from '../../../src/mm/memory-block.js';
import {
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_PGTABLE,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
} from '../../../src/mm/page-flags.js';
import type { PfnRange } from '../../../src/mm/pfn-range.js';
import { PAGEBLOCK_ORDER } from '../../../src/mm/units.js';
import { startActivities } from '../../../src/scenario/activities/start.js';
import { ACTIVITY_KEYS } from '../../../src/scenario/activity-schema.js';
import { jobsOf } from '../../../src/scenario/jobs.js';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { freeBlockOrder } from '../../../src/sim/buddy.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { compareReadings, takeReadings } from '../../../src/sim/readings.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { type OfflineResult, runToEnd } from '../../../src/strategies/strategy.js';
import { SEED } from '../sim/small-machine.js';
import { pagesWith, rangeOfDimm } from './sketch.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/scenarios/', import.meta.url));
const PLUGINS = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

const built = new Map<string, KeptMachine>();

/** An example as a machine with an evacuator. A run changes it, so each test has it as it was when it was built. */
function open(name: string): { m: Machine; evacuator: Evacuator } {
  const kept = built.get(name) ?? new KeptMachine(build(name));
  built.set(name, kept);
  kept.restore();
  return { m: kept.machine, evacuator: createEvacuator({ host: simModule(kept.machine), plugins: PLUGINS }) };
}

function build(name: string): Machine {
  const path = `${EXAMPLES}${name}.yaml`;
  return machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
}

/** By moving pages alone: nothing is reclaimed to make room. */
function offline({ m, evacuator }: ReturnType<typeof open>, dimm: string): OfflineResult {
  return runToEnd(evacuator.offline({ blocks: blocksOf(rangeOfDimm(m, dimm), m.spec.blockPages) }, 'isolate-first'));
}

/** Whatever comes of it, the machine is sound and every page reads what it read. The large examples are spared this. */
function offlineAndCheck(machine: ReturnType<typeof open>, dimm: string): OfflineResult {
  const before = takeLedger(machine.m);
  const result = offline(machine, dimm);
  expect(compareLedger(machine.m, before)).toMatchObject({ wrong: 0, firstWrong: null });
  expect(validateMachine(machine.m)).toEqual([]);
  return result;
}

const inUse = (m: Machine, block: number) => pagesWith(m, 0, blockRange(block, m.spec.blockPages)).length;
const nrFree = (m: Machine) => m.nrFree.reduce((sum, pages) => sum + pages, 0);

/** Free blocks of an order, larger ones as several. */
function freeRanges(m: Machine, order: number): number {
  let ranges = 0;
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    const free = freeBlockOrder(m, pfn);
    if (free >= order) ranges += 2 ** (free - order);
  }
  return ranges;
}

const reasons = ({ refusals }: OfflineResult) =>
  Object.fromEntries(refusals.map(({ handler, reason, pages }) => [`${handler} ${reason}`, pages]));

describe('every example', () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));

  const parsed = (name: string) => parseScenario(readFileSync(`${EXAMPLES}${name}`, 'utf8'), name);

  it('has jobs, and jobs are of every kind', () => {
    expect(names.length).toBeGreaterThanOrEqual(17);
    const kinds = names.map((name) => new Set(parsed(name).jobs.map(({ kind }) => kind)));
    for (const [at, of] of kinds.entries()) expect([names[at], of.size > 0]).toEqual([names[at], true]);
    const withKind = (kind: 'high-order' | 'offline' | 'requests') => kinds.filter((of) => of.has(kind)).length;
    expect(withKind('high-order')).toBeGreaterThanOrEqual(8);
    expect(withKind('offline')).toBeGreaterThanOrEqual(8);
    expect(withKind('requests')).toBeGreaterThanOrEqual(4);
    const activities = new Set(names.flatMap((name) => parsed(name).activities.map(({ kind }) => kind)));
    expect([...activities].sort()).toEqual([...ACTIVITY_KEYS.keys()].sort());
  });

  it.each(names)(
    `%s builds for another seed too, its jobs are not done yet, and what runs beside them breaks nothing (seed ${SEED})`,
    (name) => {
      const scenario = parsed(name);
      const m = machineFromScenario(scenario, { seed: SEED });
      const before = takeReadings(m);
      for (const job of jobsOf(scenario, m)) {
        const ranges = job.kind === 'offline' ? 0 : freeRanges(m, job.order);
        if (job.kind === 'offline') expect(job.blocks.some((block) => inUse(m, block) > 0)).toBe(true);
        if (job.kind === 'requests') expect(ranges).toBeLessThan(job.requests);
        if (job.kind === 'high-order' && job.count !== 'all')
          expect(job.count * 2 ** job.order).toBeLessThan(nrFree(m) - ranges * 2 ** job.order);
      }
      const activities = startActivities(scenario, m, SEED);
      activities.run(5_000_000);
      activities.stop();
      expect(activities.wrong).toBe(0);
      expect(compareReadings(m, before, (mm, vpn) => activities.hasWritten(mm, vpn))).toMatchObject({ wrong: 0 });
      expect(validateMachine(m)).toEqual([]);
    },
  );

  it.each(names)('%s is sound, says what it shows and which command to try', (name) => {
    const text = readFileSync(`${EXAMPLES}${name}`, 'utf8');
    const { m } = open(name.slice(0, -'.yaml'.length));
    expect(validateMachine(m)).toEqual([]);
    expect(m.spec.name).toBe(name.slice(0, -'.yaml'.length));
    expect(m.spec.nrPfns).toBeLessThanOrEqual(2 ** 19);
    expect(text).toMatch(/^# .+\n/);
    const commands = [...text.matchAll(/^# {3}vacate (.+)$/gm)].map(([, command]) => command as string);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      expect(command).toContain(` examples/scenarios/${name}`);
      const [, dimm] = / --dimm (\S+)/.exec(command) ?? [];
      if (dimm !== undefined) expect(m.spec.dimms.map((known) => known.name)).toContain(dimm);
    }
  });
});

describe('two-dimms', () => {
  /** A page of a kind, in a range. */
  const KINDS: Record<string, (m: Machine, range: PfnRange) => number> = {
    anonymous: (m, range) => pagesWith(m, PG_ANON, range).filter((pfn) => m.mapcount[pfn] === 1).length,
    'shared by fork': (m, range) => pagesWith(m, PG_ANON, range).filter((pfn) => m.mapcount[pfn] === 4).length,
    'swap cache': (m, range) => pagesWith(m, PG_ANON | PG_SWAPCACHE, range).length,
    'mapped file': (m, range) => filePages(m, range).filter((pfn) => m.mapcount[pfn] === 2).length,
    'dirty file': (m, range) => filePages(m, range).filter((pfn) => ((m.flags[pfn] ?? 0) & PG_DIRTY) !== 0).length,
    buffers: (m, range) => pagesWith(m, PG_PRIVATE, range).length,
    'shared memory': (m, range) => pagesWith(m, PG_SWAPBACKED, range).filter((pfn) => m.mapcount[pfn] === 3).length,
    mlocked: (m, range) => pagesWith(m, PG_MLOCKED, range).length,
    zsmalloc: (m, range) => pagesWith(m, PG_MOVABLE_OPS, range).length,
    'huge page': (m, range) => pagesWith(m, PG_HEAD, range).length,
  };
  const filePages = (m: Machine, range: PfnRange) =>
    pagesWith(m, 0, range).filter((pfn) => ((m.flags[pfn] ?? 0) & (PG_ANON | PG_SWAPBACKED | PG_MOVABLE_OPS)) === 0);

  it.each(['dimm0', 'dimm1'])('%s has every kind of page that can move', (dimm) => {
    const { m } = open('two-dimms');
    const range = rangeOfDimm(m, dimm);
    for (const [kind, count] of Object.entries(KINDS)) expect([kind, count(m, range) > 0]).toEqual([kind, true]);
  });

  it.each([
    ['dimm0', 'dimm1'],
    ['dimm1', 'dimm0'],
  ])('%s goes, and then %s', (first, second) => {
    const two = open('two-dimms');
    expect(offlineAndCheck(two, first)).toMatchObject({ outcome: 'done', refusals: [] });
    expect(offlineAndCheck(two, second)).toMatchObject({ outcome: 'done', refusals: [] });
  });
});

describe('refusals', () => {
  it('dimm0 refuses for every reason, and by the count', () => {
    const machine = open('refusals');
    const range = rangeOfDimm(machine.m, 'dimm0');
    const result = offlineAndCheck(machine, 'dimm0');
    expect(result.outcome).toBe('refused');
    expect(result.pagesMigrated).toBe(0);
    expect(reasons(result)).toEqual({
      'core reserved': 5,
      'core unmovable': 24 + pagesWith(machine.m, PG_PGTABLE, range).length,
      'core no-handler': 512,
      'core pinned': 10,
      'core locked': 3,
      'core writeback': 8,
      'nonlinear nonlinear-mapping': 7,
    });
    expect(pagesWith(machine.m, PG_PGTABLE, range).length).toBeGreaterThan(0);
  });

  it('dimm1 goes', () => {
    expect(offlineAndCheck(open('refusals'), 'dimm1').outcome).toBe('done');
  });
});

describe('fragmented', () => {
  it('is nearly half free, has few free blocks, and can be given 32 more', () => {
    const { m, evacuator } = open('fragmented');
    const free = nrFree(m);
    expect(free / m.spec.nrPfns).toBeGreaterThan(0.4);
    expect(free / m.spec.nrPfns).toBeLessThan(0.5);
    expect(pagesWith(m, PG_SLAB).length).toBeGreaterThan(2000);
    const before = takeLedger(m);
    const result = runToEnd(evacuator.highOrder({ order: PAGEBLOCK_ORDER, count: 32 }));
    expect(result.freeBefore).toBeLessThan(10);
    expect(result).toMatchObject({ outcome: 'done', made: 32 });
    expect(compareLedger(m, before)).toMatchObject({ wrong: 0 });
    expect(validateMachine(m)).toEqual([]);
  });
});

describe('laptop', () => {
  it('slot1 goes', () => {
    expect(offline(open('laptop'), 'slot1').outcome).toBe('done');
  });

  it('blocks of boot memory with the kernel, slab or page tables in them stay', () => {
    const { m, evacuator } = open('laptop');
    let stay = 0;
    for (const block of blocksOf({ start: 0, end: rangeOfDimm(m, 'slot1').start }, m.spec.blockPages)) {
      const range = blockRange(block, m.spec.blockPages);
      if ([PG_RESERVED, PG_SLAB, PG_PGTABLE].every((flag) => pagesWith(m, flag, range).length === 0)) continue;
      expect(runToEnd(evacuator.offline({ blocks: [block] })).outcome).toBe('refused');
      stay++;
    }
    expect(stay).toBeGreaterThanOrEqual(3);
  });
});

describe('database-server', () => {
  it('has nearly half of its pages mapped by both processes, and lets dimm1 go, but then not dimm0', () => {
    const server = open('database-server');
    const used = pagesWith(server.m, 0);
    expect(used.filter((pfn) => server.m.mapcount[pfn] === 2).length).toBeGreaterThan(used.length * 0.45);
    expect(offline(server, 'dimm1').outcome).toBe('done');
    expect(reasons(offline(server, 'dimm0'))).toEqual({ 'core no-room': expect.any(Number) });
  });

  it('lets dimm0 go', () => {
    expect(offline(open('database-server'), 'dimm0').outcome).toBe('done');
  });
});

describe('two-node-server', () => {
  it.each(['dimm0', 'dimm2'])('%s goes', (dimm) => {
    expect(offline(open('two-node-server'), dimm).outcome).toBe('done');
  });

  it('dimm1 refuses for its pins, dimm3 for its slabs', () => {
    const server = open('two-node-server');
    expect(reasons(offline(server, 'dimm1'))).toEqual({ 'core pinned': 16 });
    expect(reasons(offline(server, 'dimm3'))).toEqual({ 'core unmovable': 4096 });
  });
});

describe('vm-guest', () => {
  it('gives dimm1 back, and then has no room for what is on dimm0', () => {
    const guest = open('vm-guest');
    const balloon = pagesWith(guest.m, PG_MOVABLE_OPS).length;
    expect(balloon).toBe((96 + 40) * 256);
    expect(offline(guest, 'dimm1').outcome).toBe('done');
    const result = offline(guest, 'dimm0');
    expect(Object.keys(reasons(result))).toEqual(['core no-room']);
    // What the balloon holds would do.
    expect(result.refusals[0]?.pages).toBeLessThan(96 * 256);
  });
});

describe('full-movable', () => {
  it.each([
    ['block-by-block', 1.4, 1.6],
    ['block-by-block:highest-first', 1, 1.1],
    ['isolate-first', 0.999, 1],
  ])('%s moves %f to %f times the pages that are there', (strategy, least, most) => {
    const { m, evacuator } = open('full-movable');
    const blocks = Array.from({ length: 9 }, (_, at) => 10 + at);
    const used = blocks.reduce((sum, block) => sum + inUse(m, block), 0);
    const { outcome, pagesMigrated } = runToEnd(evacuator.offline({ blocks }, strategy));
    expect(outcome).toBe('done');
    expect(pagesMigrated / used).toBeGreaterThanOrEqual(least);
    expect(pagesMigrated / used).toBeLessThanOrEqual(most);
  });
});

describe('what each system of 2004 can do', () => {
  it('capture, with swap for anonymous pages: two-nodes', () => {
    const { m, evacuator } = open('two-nodes');
    const blocks = blocksOf(rangeOfDimm(m, 'dimm0'), m.spec.blockPages);
    expect(runToEnd(evacuator.offline({ blocks }, 'capture:swap')).outcome).toBe('done');
  });

  it('node-remap: the node of two-nodes', () => {
    const { evacuator } = open('two-nodes');
    const blocks = Array.from({ length: 8 }, (_, at) => 8 + at);
    expect(runToEnd(evacuator.offline({ blocks }, 'node-remap')).outcome).toBe('done');
  });

  it('swap-out: the DIMM of under-pressure, for which others have no room', () => {
    const { m, evacuator } = open('under-pressure');
    const blocks = blocksOf(rangeOfDimm(m, 'dimm0'), m.spec.blockPages);
    expect(runToEnd(evacuator.offline({ blocks }, 'isolate-first')).refusals).toMatchObject([{ reason: 'no-room' }]);
    expect(runToEnd(evacuator.offline({ blocks }, 'swap-out')).outcome).toBe('done');
  });
});
