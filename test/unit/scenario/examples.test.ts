import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import anonymous from '../../../plugins/anonymous/index.js';
import fileBacked from '../../../plugins/file-backed/index.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import nonlinear from '../../../plugins/nonlinear/index.js';
import swapBacked from '../../../plugins/swap-backed/index.js';
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
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { type OfflineResult, runToEnd } from '../../../src/strategies/strategy.js';
import { pagesWith, rangeOfDimm } from './sketch.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/scenarios/', import.meta.url));
const PLUGINS = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

/** An example as a machine with an evacuator; each test has its own, for a run changes it. */
function open(name: string): { m: Machine; evacuator: Evacuator } {
  const path = `${EXAMPLES}${name}.yaml`;
  const m = machineFromScenario(parseScenario(readFileSync(path, 'utf8'), path));
  return { m, evacuator: createEvacuator({ host: simModule(m), plugins: PLUGINS }) };
}

function offline({ m, evacuator }: ReturnType<typeof open>, dimm: string): OfflineResult {
  return runToEnd(evacuator.offline({ blocks: blocksOf(rangeOfDimm(m, dimm), m.spec.blockPages) }));
}

/** Whatever comes of it, the machine is sound and every page reads what it read. The large examples are spared this. */
function offlineAndCheck(machine: ReturnType<typeof open>, dimm: string): OfflineResult {
  const before = takeLedger(machine.m);
  const result = offline(machine, dimm);
  expect(compareLedger(machine.m, before)).toMatchObject({ wrong: 0, firstWrong: null });
  expect(validateMachine(machine.m)).toEqual([]);
  return result;
}

const reasons = ({ refusals }: OfflineResult) =>
  Object.fromEntries(refusals.map(({ handler, reason, pages }) => [`${handler} ${reason}`, pages]));

describe('every example', () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));

  it('is one of at least seven', () => {
    expect(names.length).toBeGreaterThanOrEqual(7);
  });

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
    const free = [...m.nrFree].reduce((sum, pages) => sum + pages, 0);
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
