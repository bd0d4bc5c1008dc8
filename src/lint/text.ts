import { quoted } from '../base/quoted.js';
import type { BlockId } from '../mm/units.js';

/** 32, 33, 34, 40 -> "32-34,40". */
export function blockList(blocks: readonly BlockId[]): string {
  const runs: [BlockId, BlockId][] = [];
  for (const block of [...blocks].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] + 1 === block) run[1] = block;
    else runs.push([block, block]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** "1 memory block (32)", "5 memory blocks (32-35, 40)". */
export function countBlocks(blocks: readonly BlockId[]): string {
  return `${blocks.length} memory block${blocks.length === 1 ? '' : 's'} (${blockList(blocks).replaceAll(',', ', ')})`;
}

/** "9,658 pages". */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** A value as the host shows it: as it is if that is harmless, else in quotes with escapes. */
export function shown(value: string): string {
  return /^[\w.,:=/@+%-]{1,60}$/.test(value) ? value : quoted(value);
}
