import { VacateError } from '../base/vacate-error.js';
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
  const blocks = new Set<BlockId>();
  for (const part of text.split(',')) {
    const [first, last] = parsePart(part, text);
    for (let block = first; block <= last; block++) blocks.add(block);
  }
  return [...blocks].sort((a, b) => a - b);
}

function parsePart(part: string, text: string): [BlockId, BlockId] {
  const fail = (because: string): never => {
    throw new VacateError('usage', `--blocks ${because}`);
  };
  if (part.trim() === '')
    return fail(`has an empty part in "${text}"; write numbers and ranges between commas, like 32-35,40`);
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (match === null) return fail(`cannot read "${part}"; write numbers and ranges, like 32-35,40`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last > MAX_BLOCK || first > MAX_BLOCK)
    return fail(`names block ${Math.max(first, last)} in "${part}", which no machine has; the highest is ${MAX_BLOCK}`);
  if (last < first) return fail(`has "${part}", which runs backwards; write ${last}-${first}`);
  return [first, last];
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
