import { describe, expect, it } from '@jest/globals';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_ANON, PG_BUDDY, PG_ISOLATED, PG_LRU, PG_PGTABLE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../../../src/mm/units.js';
import { exitProcess } from '../../../src/sim/address-space.js';
import { deleteFile } from '../../../src/sim/files.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import {
  addFounders,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  lruLengthOf,
  oldestPages,
  placeOnLru,
  takeOldest,
} from '../../../src/sim/lru.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { MAPPING_FILE } from '../../../src/sim/mappings.js';
import { type Population, populate, populationCapacity } from '../../../src/sim/populate.js';
import { anonymousMark } from '../../../src/sim/population-owners.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import {
  audit,
  countFree,
  expectSound,
  held,
  mustBe,
  serviceOf,
  settle,
  smallMachine,
  take,
  zone,
} from './small-machine.js';

const PAGES = 64 * PAGEBLOCK_PAGES;
const POPULATION: Population = { seed: 5, used: 0.5, cached: 0.3, kernelBlocks: 0.1, processes: 3, files: 5 };
const ZONES = [zone('Normal', 0, PAGES / 2, 0, 0), zone('Movable', PAGES / 2, PAGES, 0, 1)];

function run(m: Machine, population: Population): void {
  let before = 0;
  for (const fraction of populate(m, population)) {
    expect(fraction).toBeGreaterThan(before);
    before = fraction;
  }
  expect(before).toBeLessThanOrEqual(1);
}

function populated(change: Partial<Population> = {}, contents: 'mark' | 'token' = 'mark'): Machine {
  const population = { ...POPULATION, ...change };
  const capacity = { holds: 64, stored: 64, ...populationCapacity(population, PAGES) };
  const m = smallMachine({ pages: PAGES, zones: ZONES, contents, capacity });
  run(m, population);
  return m;
}

const nrWith = (m: Machine, bits: number): number => m.flags.filter((flags) => (flags & bits) !== 0).length;
const all = (m: Machine, zoneId: number, kind: number): number[] => [...oldestPages(m, zoneId, kind, zoneId, PAGES)];

describe('a populated machine', () => {
  it.each(['mark', 'token'] as const)('is sound, and every page is where its tables say (%s)', (contents) => {
    const m = populated({}, contents);
    expectSound(m);
    for (let pfn = 0; pfn < PAGES; pfn++)
      if ((m.flags[pfn]! & PG_ANON) !== 0) mustBe(held(m, pfn)[0], anonymousMark(5, m.index[pfn]!));
  });

  it.each([0.02, 0.5, 0.9])('has %d of its memory in use, each pageblock a share of its own', (used) => {
    const m = populated({ used });
    expectSound(m);
    expect(1 - countFree(m) / PAGES).toBeCloseTo(used, 2);
    const shares = Array.from(m.pageblockUse);
    expect(new Set(shares).size).toBeGreaterThan(used === 0.02 ? 15 : 60);
    expect(Math.min(...shares)).toBeLessThan(PAGEBLOCK_PAGES * (used === 0.9 ? 0.85 : 0.02));
    expect(Math.max(...shares)).toBeGreaterThan(PAGEBLOCK_PAGES * (used === 0.02 ? 0.03 : 0.98));
  });

  it('has the kernel in some pageblocks of kernel zones, and page tables there', () => {
    const m = populated();
    const blocks = new Set<number>();
    for (let pfn = 0; pfn < PAGES; pfn++) if ((m.flags[pfn]! & (PG_SLAB | PG_PGTABLE)) !== 0) blocks.add(pfn >>> 9);
    expect(blocks.size).toBeGreaterThan(0);
    expect(blocks.size).toBeLessThanOrEqual(7);
    for (const block of blocks) {
      expect(block).toBeLessThan(32);
      expect(m.migratetype[block]).toBe(MIGRATE_UNMOVABLE);
    }
    expect(nrWith(m, PG_PGTABLE)).toBe(m.scalars[SCALAR.tablesUsed]);
  });

  it('is the same for the same seed, and another for another', () => {
    const words = (m: Machine) => [m.flags, m.index, m.contents, m.ptes];
    expect(words(populated())).toEqual(words(populated()));
    expect(words(populated({ seed: 6 }))).not.toEqual(words(populated()));
  });

  it('leaves pageblocks alone of which something is in use already', () => {
    const capacity = { holds: 64, stored: 64, ...populationCapacity(POPULATION, PAGES) };
    const m = smallMachine({ pages: PAGES, zones: ZONES, contents: 'mark', capacity });
    const pfn = take(m);
    m.flags[pfn] = PG_SLAB;
    settle(m);
    run(m, POPULATION);
    expect(m.pageblockUse[pfn >>> 9]).toBe(1);
    expectSound(m);
  });

  it('has no room for page tables where the kernel has no pages', () => {
    expect(() => populated({ kernelBlocks: 0 })).toThrow(/page tables do not fit into the 0 pages of the kernel/);
  });

  it('loses nothing when its pages move, and its processes and files can go', () => {
    const m = populated();
    const before = takeLedger(m);
    const movable: number[] = [];
    for (let pfn = PAGES / 2; pfn < PAGES; pfn++) if ((m.flags[pfn]! & PG_LRU) !== 0) movable.push(pfn);
    const { service } = serviceOf(m);
    const report = service.migrate({ pfns: Uint32Array.from(movable), mode: MIGRATE_SYNC, sparedOrder: 9 });
    expect(report.migrated).toBe(movable.length);
    expectSound(m);
    expect(compareLedger(m, before)).toMatchObject({ wrong: 0, pages: nrWith(m, PG_LRU) });
    for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) exitProcess(m, 0, mm);
    for (let file = 1; file < m.mapKind.length; file++)
      if (m.mapKind[file] === MAPPING_FILE) mustBe(deleteFile(m, 0, file), true);
    settle(m);
    expectSound(m);
    expect(nrWith(m, PG_LRU | PG_PGTABLE)).toBe(0);
  });

  it('can be reclaimed: page cache goes, and reads the same again', () => {
    const m = populated({ processes: 1, cached: 0.9 });
    const before = takeLedger(m);
    const free = countFree(m);
    for (let round = 0; round < 6; round++) reclaimPages(m, 0, PAGES);
    settle(m);
    expect(countFree(m)).toBeGreaterThan(free * 1.5);
    expect(compareLedger(m, before).wrong).toBe(0);
    expectSound(m);
  });
});

describe('founders', () => {
  it('are the oldest, in the order of their pfns', () => {
    const m = populated();
    const wanted = [...m.flags.keys()].filter(
      (pfn) => pfn >= PAGES / 2 && (m.flags[pfn]! & (PG_LRU | PG_ANON)) === PG_LRU,
    );
    expect(all(m, 1, LRU_INACTIVE_FILE)).toEqual(wanted);
    expect(lruLengthOf(m, 1, LRU_INACTIVE_FILE)).toBe(wanted.length);
    // One gets a new place, one is in somebody's hands, and the others come in their order.
    placeOnLru(m, wanted[0]!);
    m.flags[wanted[2]!] = (m.flags[wanted[2]!]! & ~PG_LRU) | PG_ISOLATED;
    m.count[wanted[2]!] = 2;
    const taken: number[] = [];
    for (let i = 0; i < wanted.length - 1; i++) taken.push(takeOldest(m, 1, LRU_INACTIVE_FILE));
    expect(taken).toEqual([wanted[1], ...wanted.slice(3), wanted[0]]);
    expect(takeOldest(m, 1, LRU_INACTIVE_FILE)).toBe(-1);
    // It has kept a place, at the young end, and is found there when it is put back.
    m.flags[wanted[2]!] = (m.flags[wanted[2]!]! & ~PG_ISOLATED) | PG_LRU;
    expect(audit(m).filter((sentence) => sentence.includes('valid'))).toEqual([]);
    expect(takeOldest(m, 1, LRU_INACTIVE_FILE)).toBe(wanted[2]);
    expect(lruLengthOf(m, 1, LRU_INACTIVE_FILE)).toBe(0);
  });

  it('are not what is placed later, however often', () => {
    const m = populated();
    const first = all(m, 0, LRU_INACTIVE_ANON)[0]!;
    for (let times = 0; times < 40; times++) {
      placeOnLru(m, first);
      expect(m.lruEpoch[first]).not.toBe(0);
    }
    expect(all(m, 0, LRU_INACTIVE_ANON).filter((pfn) => pfn === first)).toHaveLength(1);
    expect(all(m, 0, LRU_INACTIVE_ANON).at(-1)).toBe(first);
    expectSound(m);
  });

  it('count when a list says how much it may grow before it is swept', () => {
    const m = populated();
    const list = LRU_INACTIVE_ANON;
    const nr = m.lruFounders[list]!;
    expect(m.lruLimit[list]).toBe((nr >>> 2) + 256);
    const [first] = all(m, 0, list);
    for (let times = 0; times < 7; times++) placeOnLru(m, first!);
    expect(m.lruLength[list]).toBe(7);
    expect(lruLengthOf(m, 0, list)).toBe(nr + 7);
  });

  it('come before anybody reads the lists', () => {
    const m = populated();
    takeOldest(m, 1, LRU_INACTIVE_FILE);
    expect(() => addFounders(m, 1, LRU_INACTIVE_FILE, 1)).toThrow(/populated before/);
    expect(nrWith(m, PG_BUDDY)).toBe(countFree(m));
  });
});
