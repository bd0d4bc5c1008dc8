import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';

/** Memory blocks of "32-35" or "8,10-12", ascending and once each; null if it is no such list. */
export function parseBlockList(text: string): BlockId[] | null {
  const parts: PfnRange[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return null;
    parts.push({ start: Number(first), end: Number(last) + 1 });
  }
  // Joined first: many parts may name the same blocks, and many of them.
  return mergeRanges(parts).flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
}
