import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type BlockId, MAX_PFN, PAGE_SIZE } from '../mm/units.js';
import { formatAddress } from './wording.js';

/**
 * "0x100000000-0x120000000", physical addresses, or "pfn:0x100000-pfn:0x120000". The end is the first byte (or page)
 * after the range. An end that is the last byte of a block or the last page of one, as /proc/iomem and the kernel's log
 * print ranges, is understood as well: no block starts there, so it can mean nothing else.
 *
 * @throws VacateError kind 'usage' for a text that is no range, kind 'range' for one that is off the blocks' edges.
 */
export function parseRange(text: string, blockPages: number): PfnRange {
  const match = /^(pfn:)?0x([0-9a-f]+)-(pfn:)?0x([0-9a-f]+)$/i.exec(text);
  if (match === null || match[1] !== match[3])
    throw new VacateError(
      'usage',
      `--range cannot read ${quoted(text)}; write 0x100000000-0x120000000 (physical addresses, the end not included) ` +
        'or pfn:0x100000-pfn:0x120000',
    );
  const inUnit = match[1] === undefined ? PAGE_SIZE : 1;
  const blockUnits = blockPages * inUnit;
  const start = Number.parseInt(match[2]!, 16);
  let end = Number.parseInt(match[4]!, 16);
  if ((end + 1) % blockUnits === 0) end++;
  if (end <= start)
    throw new VacateError('usage', `--range ${quoted(text)} is empty or runs backwards; its end must lie above`);
  if (end > (MAX_PFN + 1) * inUnit)
    throw new VacateError('range', `--range ${quoted(text)} ends above 1 TiB, which is as far as page numbers go`);
  if (start % blockUnits === 0 && end % blockUnits === 0) return { start: start / inUnit, end: end / inUnit };
  throw new VacateError(
    'range',
    `--range ${quoted(text)} does not begin and end on memory blocks, which are ${formatAddress(blockPages)} bytes each; ` +
      `the nearest range that does is ${formatBlockRange(nearest(start, end, blockUnits), blockPages, inUnit === 1)}`,
  );
}

/** Both ends to the nearest edge of a block, at least one block. */
function nearest(start: number, end: number, blockUnits: number): [BlockId, BlockId] {
  const first = Math.round(start / blockUnits);
  const last = Math.round(end / blockUnits);
  return last > first ? [first, last] : [Math.floor(start / blockUnits), Math.floor(start / blockUnits) + 1];
}

/** Blocks `first` to `end`, the end not included, in the words of --range. */
export function formatBlockRange(
  [first, end]: readonly [BlockId, BlockId],
  blockPages: number,
  inPfns: boolean,
): string {
  const edge = (block: BlockId) =>
    inPfns ? `pfn:0x${(block * blockPages).toString(16)}` : formatAddress(block * blockPages);
  return `${edge(first)}-${edge(end)}`;
}
