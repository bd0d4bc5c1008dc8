import { describe, expect, it } from '@jest/globals';
import { blockRange, blocksOf } from '../../../src/mm/memory-block.js';
import { FALLBACKS, MIGRATETYPE_NAMES } from '../../../src/mm/migratetype.js';
import { PAGE_COLUMN_BYTES } from '../../../src/mm/page-columns.js';
import * as flags from '../../../src/mm/page-flags.js';
import {
  contains,
  formatRange,
  mergeRanges,
  nrPagesIn,
  overlaps,
  rangeOf,
  totalPages,
} from '../../../src/mm/pfn-range.js';
import {
  filePte,
  isFile,
  isMigration,
  isPresent,
  isSwap,
  migrationPte,
  PTE_DIRTY,
  PTE_NONE,
  PTE_WRITE,
  presentPte,
  pteBits,
  ptePayload,
  swapPte,
} from '../../../src/mm/pte.js';
import { formatBytes, formatPages, formatPfn, MAX_PFN } from '../../../src/mm/units.js';
import { watermarksFromMin } from '../../../src/mm/zone.js';

describe('page flags', () => {
  it('are one bit each, no bit twice, and those of /proc/kpageflags have its numbers', () => {
    const bits = Object.entries(flags).filter(([name]) => name.startsWith('PG_')) as [string, number][];
    expect(bits).toHaveLength(32);
    expect(new Set(bits.map(([, bit]) => bit)).size).toBe(32);
    for (const [name, bit] of bits)
      expect([name, bit > 0 && 2 ** Math.round(Math.log2(bit)) === bit]).toEqual([name, true]);
    const numbered = { PG_LOCKED: 0, PG_DIRTY: 4, PG_LRU: 5, PG_SLAB: 7, PG_BUDDY: 10, PG_ANON: 12, PG_SWAPCACHE: 13 };
    const more = {
      PG_HEAD: 15,
      PG_TAIL: 16,
      PG_HUGE: 17,
      PG_UNEVICTABLE: 18,
      PG_NOPAGE: 20,
      PG_THP: 22,
      PG_PGTABLE: 26,
    };
    for (const [name, bit] of Object.entries({ ...numbered, ...more }))
      expect([name, (flags as unknown as Record<string, number>)[name]]).toEqual([name, 2 ** bit]);
  });

  it('print as the kernel prints them, the highest bit too', () => {
    expect(flags.formatFlags(flags.PG_LRU | flags.PG_UPTODATE)).toBe('uptodate|lru');
    expect(flags.formatFlags((flags.PG_NONLINEAR | flags.PG_LOCKED) >>> 0)).toBe('locked|nonlinear');
    expect(flags.formatFlags(0)).toBe('-');
  });
});

describe('page-table entries', () => {
  const KINDS = [isPresent, isMigration, isSwap, isFile];

  it.each([0, 1, 512, MAX_PFN - 1])('of every kind are of that kind only, payload %i', (payload) => {
    for (const bits of [0, PTE_WRITE, PTE_DIRTY, PTE_WRITE | PTE_DIRTY]) {
      const present = presentPte(payload, bits);
      const migration = migrationPte(present);
      expect(KINDS.map((is) => is(present))).toEqual([true, false, false, false]);
      expect(KINDS.map((is) => is(migration))).toEqual([false, true, false, false]);
      for (const pte of [present, migration])
        expect([ptePayload(pte), pteBits(pte), pte >>> 0]).toEqual([payload, bits, pte]);
    }
    expect(KINDS.map((is) => is(swapPte(payload)))).toEqual([false, false, true, false]);
    expect(KINDS.map((is) => is(filePte(payload)))).toEqual([false, false, false, true]);
    expect([ptePayload(swapPte(payload)), ptePayload(filePte(payload))]).toEqual([payload, payload]);
  });

  it('none is none of them', () => {
    expect(KINDS.map((is) => is(PTE_NONE))).toEqual([false, false, false, false]);
  });
});

describe('ranges and blocks', () => {
  it('are half-open', () => {
    const range = rangeOf(512, 512);
    expect([nrPagesIn(range), contains(range, 512), contains(range, 1023), contains(range, 1024)]).toEqual([
      512,
      true,
      true,
      false,
    ]);
    expect([overlaps(range, rangeOf(1024, 1)), overlaps(range, rangeOf(1023, 5))]).toEqual([false, true]);
    expect(totalPages([range, rangeOf(0, 3)])).toBe(515);
    expect(formatRange(range)).toBe('0x200-0x3ff');
  });

  it('merge when they touch, whatever their order', () => {
    expect(mergeRanges([rangeOf(10, 5), rangeOf(0, 4), rangeOf(15, 1), rangeOf(2, 1), rangeOf(30, 0)])).toEqual([
      { start: 0, end: 4 },
      { start: 10, end: 16 },
    ]);
    expect(mergeRanges([])).toEqual([]);
  });

  it('name each other', () => {
    expect(blockRange(3, 512)).toEqual({ start: 1536, end: 2048 });
    expect(blocksOf({ start: 500, end: 1025 }, 512)).toEqual([0, 1, 2]);
    expect(blocksOf({ start: 512, end: 1024 }, 512)).toEqual([1]);
    expect(blocksOf({ start: 512, end: 512 }, 512)).toEqual([]);
  });
});

describe('vocabulary', () => {
  it('is the kernel’s', () => {
    expect(PAGE_COLUMN_BYTES).toBe(13);
    expect(FALLBACKS.map((types) => types.map((type) => MIGRATETYPE_NAMES[type]))).toEqual([
      ['reclaimable', 'movable'],
      ['reclaimable', 'unmovable'],
      ['unmovable', 'movable'],
    ]);
    expect(watermarksFromMin(403)).toEqual({ min: 403, low: 503, high: 603 });
    expect([formatPages(131_072), formatBytes(1536), formatBytes(3), formatPfn(0x10057f)]).toEqual([
      '512 MiB',
      '1.5 KiB',
      '3 B',
      'pfn:0x10057f',
    ]);
  });
});
