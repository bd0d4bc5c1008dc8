import type { Pfn } from './units.js';

/**
 * Half-open: `start` is in, `end` is not.
 *
 * @example
 * const dimm0: PfnRange = { start: 8192, end: 12_288 };
 * formatPages(nrPagesIn(dimm0)); // "16 MiB"
 */
export interface PfnRange {
  readonly start: Pfn;
  readonly end: Pfn;
}

/**
 * So many pages from one on.
 *
 * @example
 * rangeOf(4096, 512); // {"start":4096,"end":4608}
 */
export function rangeOf(start: Pfn, nrPages: number): PfnRange {
  return { start, end: start + nrPages };
}

/**
 * Pages of a range.
 *
 * @example
 * nrPagesIn({ start: 4096, end: 4608 }); // 512
 */
export function nrPagesIn(range: PfnRange): number {
  return range.end - range.start;
}

/**
 * Pages of several ranges, those that are in two of them counted twice.
 *
 * @example
 * totalPages([rangeOf(0, 512), rangeOf(4096, 512)]); // 1024
 */
export function totalPages(ranges: readonly PfnRange[]): number {
  return ranges.reduce((sum, range) => sum + nrPagesIn(range), 0);
}

/**
 * True for a page of the range; its end is outside.
 *
 * @example
 * contains(rangeOf(0, 512), 512); // false
 */
export function contains(range: PfnRange, pfn: Pfn): boolean {
  return pfn >= range.start && pfn < range.end;
}

/**
 * True if two ranges have a page in common.
 *
 * @example
 * overlaps(rangeOf(0, 512), rangeOf(511, 1)); // true
 */
export function overlaps(a: PfnRange, b: PfnRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/**
 * Sorted, disjoint, neighbours joined.
 *
 * @example
 * mergeRanges([rangeOf(512, 512), rangeOf(0, 512)]); // [{"start":0,"end":1024}]
 */
export function mergeRanges(ranges: readonly PfnRange[]): PfnRange[] {
  const merged: PfnRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else if (range.end > range.start) merged.push(range);
  }
  return merged;
}

/**
 * As kernel logs print one.
 *
 * @example
 * console.log(`nothing is left in ${formatRange(rangeOf(0x10000, 0x8000))}`);
 */
export function formatRange(range: PfnRange): string {
  return `0x${range.start.toString(16)}-0x${(range.end - 1).toString(16)}`;
}
