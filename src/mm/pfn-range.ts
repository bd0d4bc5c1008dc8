import type { Pfn } from './units.js';

/** Half-open: `start` is in, `end` is not. */
export interface PfnRange {
  readonly start: Pfn;
  readonly end: Pfn;
}

export function rangeOf(start: Pfn, nrPages: number): PfnRange {
  return { start, end: start + nrPages };
}

export function nrPagesIn(range: PfnRange): number {
  return range.end - range.start;
}

export function totalPages(ranges: readonly PfnRange[]): number {
  return ranges.reduce((sum, range) => sum + nrPagesIn(range), 0);
}

export function contains(range: PfnRange, pfn: Pfn): boolean {
  return pfn >= range.start && pfn < range.end;
}

export function overlaps(a: PfnRange, b: PfnRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Sorted, disjoint, neighbours joined. */
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

export function formatRange(range: PfnRange): string {
  return `0x${range.start.toString(16)}-0x${(range.end - 1).toString(16)}`;
}
