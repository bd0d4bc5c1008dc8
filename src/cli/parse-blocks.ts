import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import { type BlockId, MAX_PFN, PAGEBLOCK_PAGES } from '../mm/units.js';

/** No machine has a block of a higher number: a block holds a pageblock at least. */
const MAX_BLOCK = Math.ceil(MAX_PFN / PAGEBLOCK_PAGES);

/**
 * "32-35,40" as [32, 33, 34, 35, 40]: ascending, each once. Strict, because a typing error here takes the wrong memory
 * away.
 *
 * @throws VacateError kind 'usage' that names the part which is wrong.
 */
export function parseBlocks(text: string): BlockId[] {
  // Joined first: many parts may name the same blocks, and many of them.
  const runs = mergeRanges(text.split(',').map((part) => parsePart(part, text)));
  return runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
}

/** Blocks of one part, the end not included. */
function parsePart(part: string, text: string): PfnRange {
  const fail = (because: string): never => {
    throw new VacateError('usage', `--blocks ${because}`);
  };
  if (part.trim() === '')
    return fail(`has an empty part in ${quoted(text)}; write numbers and ranges between commas, like 32-35,40`);
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (match === null) return fail(`cannot read ${quoted(part)}; write numbers and ranges, like 32-35,40`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last > MAX_BLOCK || first > MAX_BLOCK)
    return fail(
      `names block ${Math.max(first, last)} in ${quoted(part)}, which no machine has; the highest is ${MAX_BLOCK}`,
    );
  if (last < first) return fail(`has ${quoted(part)}, which runs backwards; write ${last}-${first}`);
  return { start: first, end: last + 1 };
}

/** [32, 33, 34, 40] as "32-34,40": what `parseBlocks` reads. */
export function formatBlocks(blocks: readonly BlockId[]): string {
  const runs: [BlockId, BlockId][] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === block - 1) run[1] = block;
    else runs.push([block, block]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** "block 32", "blocks 32-35,40". */
export function nameBlocks(blocks: readonly BlockId[]): string {
  return `block${blocks.length === 1 ? '' : 's'} ${formatBlocks(blocks)}`;
}
