import type { ImagePcp } from '../mm/machine-image.js';
import { PG_PCP } from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { ZoneKind } from '../mm/zone.js';
import { isSince } from './kernel-release.js';
import type { CapturedPages } from './mappings.js';
import type { PlacedZone } from './zone-ranges.js';

/** Part of a zone that its per-CPU lists may grow to in all, where the kernel tunes them (MIN_PERCPU_PAGELIST_HIGH_FRACTION). */
const HIGH_FRACTION = 8;
/** Free pages on lists that lie further apart than this were not freed in one go. */
const GAP_PAGES = 4 * PAGEBLOCK_PAGES;

/** One CPU's lists of one zone, as /proc/zoneinfo has them under "pagesets". */
export interface Pageset {
  readonly count: number;
  readonly high: number;
  readonly batch: number;
}

/** In the order of the CPUs; a field that a kernel does not write is 0. */
export function parsePagesets(lines: readonly string[]): Pageset[] {
  const pagesets: { count: number; high: number; batch: number }[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s+(\w+):\s*(\d{1,9})\s*$/.exec(line) ?? [];
    if (name === 'cpu') pagesets.push({ count: 0, high: 0, batch: 0 });
    else if (name === 'count' || name === 'high' || name === 'batch') {
      const last = pagesets.at(-1);
      if (last !== undefined) last[name] = Number(value);
    }
  }
  return pagesets;
}

/**
 * How each zone's lists behave on that kernel, and which pages are on whose; null if zoneinfo does not tell of all zones.
 * CPU 0 of the image is the one that took the capture, as far as can be told, since that will be the one that acts on it.
 */
export function imagePcp(
  zones: readonly PlacedZone[],
  captured: CapturedPages,
  release: string | null,
): ImagePcp[] | null {
  const dealt: Dealt[] = [];
  for (const { record, ranges } of zones) {
    const { pagesets = [], nrManaged = 0 } = record.counters ?? {};
    if (pagesets.length === 0) return null;
    for (const { start, end } of ranges)
      dealt.push({ start, kind: record.kind, nrManaged, pagesets, pages: dealToCpus(captured, start, end, pagesets) });
  }
  const order = cpuOrder(dealt);
  const isTuned = isSince(release, 6, 7);
  // In the order of the image's zones: one that lies in several places is several there.
  dealt.sort((a, b) => a.start - b.start);
  return dealt.map(({ nrManaged, pagesets, pages }) => {
    const high = order.map((cpu) => pagesets[cpu]?.high ?? 0);
    return {
      batch: Math.max(1, ...pagesets.map(({ batch }) => batch)),
      high,
      highMax: Math.max(isTuned ? Math.floor(nrManaged / HIGH_FRACTION / pagesets.length) : 0, ...high),
      flush: isTuned ? 'counting' : 'doubling',
      pages: order.map((cpu) => pages[cpu] ?? []),
    };
  });
}

/** The free pages of one zone's lists, by CPU. */
interface Dealt {
  readonly start: Pfn;
  readonly kind: ZoneKind;
  readonly nrManaged: number;
  readonly pagesets: readonly Pageset[];
  readonly pages: readonly Pfn[][];
}

/**
 * Whose list each free page is on: zoneinfo tells how many pages each CPU had, not which. What a CPU frees in a row lies
 * close together, so every run of neighbours goes to one CPU, the longest runs first, to the CPU that has most pages left
 * to place.
 */
function dealToCpus(captured: CapturedPages, start: Pfn, end: Pfn, pagesets: readonly Pageset[]): Pfn[][] {
  const dealt: Pfn[][] = pagesets.map(() => []);
  const left = pagesets.map(({ count }) => count);
  for (const run of runsOf(captured, start, end).sort((a, b) => b.length - a.length)) {
    const cpu = left.indexOf(Math.max(...left));
    left[cpu] = left[cpu]! - run.length;
    // One by one: a run may be longer than an argument list can be.
    for (const pfn of run) dealt[cpu]!.push(pfn);
  }
  return dealt.map((pfns) => pfns.sort((a, b) => a - b));
}

function runsOf({ flags, hasListed }: CapturedPages, start: Pfn, end: Pfn): Pfn[][] {
  const runs: Pfn[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let pfn = start; pfn < end; pfn++) {
    if (hasListed[pfn >>> PAGEBLOCK_ORDER] === 0) {
      pfn |= PAGEBLOCK_PAGES - 1;
      continue;
    }
    if ((flags[pfn]! & PG_PCP) === 0) continue;
    if (pfn - last > GAP_PAGES) runs.push([]);
    runs.at(-1)!.push(pfn);
    last = pfn;
  }
  return runs;
}

/**
 * CPUs, the one that took the capture first. It allocates, for what it reads and writes; the processes that it starts end
 * on other CPUs, which get their pages. So between kpageflags, read first, and zoneinfo its lists have gained least. That
 * shows in zone Movable only, where the pages on lists are known for certain.
 */
function cpuOrder(dealt: readonly Dealt[]): number[] {
  const nrCpus = Math.max(...dealt.map(({ pagesets }) => pagesets.length));
  const gains = new Array<number>(nrCpus).fill(0);
  for (const { kind, pagesets, pages } of dealt) {
    if (kind !== 'Movable') continue;
    for (const [cpu, { count }] of pagesets.entries()) gains[cpu] = gains[cpu]! + count - pages[cpu]!.length;
  }
  return [...gains.keys()].sort((a, b) => gains[a]! - gains[b]! || a - b);
}
