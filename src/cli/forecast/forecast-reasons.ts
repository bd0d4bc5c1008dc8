import type { BlockForecast, Reason } from '../../forecast/index.js';
import type { PageOwner } from '../../mm/page-owners.js';
import type { BlockId } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { countOf, formatPfns, wrap } from '../wording.js';

const WIDTH = 80;
/** So many pages of a reason are named in a text; JSON has the first 16. */
const PFNS = 5;
/** So many runs of neighbouring blocks. */
const RUNS = 12;

/** A reason with the blocks in which it was found. */
export interface ReasonOfBlocks extends Reason {
  readonly blocks: readonly BlockId[];
}

/** What decides of each block, the same of several blocks as one; what refuses first, then by pages. */
export function reasonsTogether(blocks: readonly BlockForecast[]): ReasonOfBlocks[] {
  const merged = new Map<string, ReasonOfBlocks>();
  for (const { block, verdict, reasons } of blocks) {
    for (const reason of reasons) {
      if (reason.decides !== verdict) continue;
      const key = `${reason.reason} ${reason.decides}`;
      const there = merged.get(key);
      merged.set(
        key,
        there === undefined
          ? { ...reason, blocks: [block] }
          : { ...there, pages: there.pages + reason.pages, blocks: [...there.blocks, block] },
      );
    }
  }
  const rank = ({ decides }: Reason) => (decides === 'will-not-go' ? 0 : 1);
  return [...merged.values()].sort((a, b) => rank(a) - rank(b) || b.pages - a.pages);
}

/** Title, sentence, first pages, owner, and what waiting does. */
export function reasonLines(found: ReasonOfBlocks, palette: Palette): string[] {
  const { reason, because, decides, pages, pfns, named, owner, waitingHelps, waiting, blocks } = found;
  const mark = decides === 'will-not-go' ? palette.bad('✗') : decides === 'cannot-know' ? '?' : '·';
  const where = `block${blocks.length === 1 ? '' : 's'} ${runsText(blocks)}`;
  const size = pages === 0 ? where : `${countOf(pages, 'page')}, ${where}`;
  const indent = '    ';
  const lines = [
    `  ${mark} ${palette.bold(reason)}  ${wrap(size, WIDTH - 8 - reason.length, indent)}`,
    `${indent}${wrap(because, WIDTH - indent.length, indent)}`,
  ];
  const [first] = named;
  if (first !== undefined) {
    lines.push(`${indent}${palette.dim(formatPfns(pfns, pages, PFNS))}`);
    const flags = `first: ${first.flags}, ${first.migratetype} pageblock`;
    lines.push(`${indent}${palette.dim(wrap(flags, WIDTH - indent.length, indent))}`);
  }
  if (owner !== null) lines.push(`${indent}${wrap(`whose: ${ownerText(owner)}`, WIDTH - indent.length, indent)}`);
  const help = `waiting ${waitingHelps ? 'helps' : 'does not help'}: ${waiting}`;
  return [...lines, `${indent}${palette.dim(wrap(help, WIDTH - indent.length, indent))}`];
}

/** "32-42, 44, 50-53 and 9 more": as many runs as two lines hold. */
function runsText(blocks: readonly BlockId[]): string {
  const runs = formatBlocks(blocks).split(',');
  const shown = runs.slice(0, RUNS).join(', ');
  return runs.length > RUNS ? `${shown} and ${countOf(runs.length - RUNS, 'more run')}` : shown;
}

/** "redis-server (812), [heap], /system.slice/redis.service": what is known of it. */
export function ownerText({ command, pid, mapping, cgroup }: PageOwner): string {
  const who =
    command === null ? (pid === null ? null : `process ${pid}`) : `${command}${pid === null ? '' : ` (${pid})`}`;
  return [who, mapping, cgroup].filter((part) => part !== null).join(', ');
}
