import type { BlockId } from '../mm/units.js';

/** Memory blocks of "32-35" or "8,10-12", ascending and once each; null if it is no such list. */
export function parseBlockList(text: string): BlockId[] | null {
  const blocks = new Set<BlockId>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,7})(?:-(\d{1,7}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return null;
    for (let block = Number(first); block <= Number(last); block++) blocks.add(block);
  }
  return [...blocks].sort((a, b) => a - b);
}
