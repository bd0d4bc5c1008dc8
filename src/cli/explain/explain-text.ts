import { printable } from '../../base/quoted.js';
import type { AttemptExplanation, ExplainedPage, PageGroup, References } from '../../explain/index.js';
import { type BlockId, PAGE_SIZE } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { countOf, formatAddress, formatPfns, wrap } from '../wording.js';

const WIDTH = 80;
/** So many pages of a group are named in a text; JSON has all that the log names. */
const PFNS = 5;
const FILES = 3;
const INDENT = '    ';

const OUTCOMES: Readonly<Record<AttemptExplanation['outcome'], string>> = {
  offline: 'went offline',
  refused: 'was refused',
  'did-not-end': 'did not end',
  unknown: 'ended in a way that the log does not show',
};

export interface ExplainText {
  readonly attempts: readonly AttemptExplanation[];
  readonly zonesOf: (block: BlockId) => readonly string[] | null;
  readonly palette: Palette;
}

/** Attempts as people read them: what became of each, why, and which pages kept it, the same ones together. */
export function attemptsText({ attempts, zonesOf, palette }: ExplainText): string[] {
  return attempts.flatMap((attempt, index) => [
    ...(index === 0 ? [] : ['']),
    palette.bold(wrap(headOf(attempt, zonesOf), WIDTH)),
    `  ${wrap(attempt.explanation, WIDTH - 2, '  ')}`,
    ...attempt.groups.flatMap((group) => groupLines(group, attempt.pages, palette)),
  ]);
}

function headOf({ blocks, range, outcome, errno }: AttemptExplanation, zonesOf: ExplainText['zonesOf']): string {
  const how = OUTCOMES[outcome] + (errno === null ? '' : ` (${errno})`);
  if (range === null) return `An attempt ${how}`;
  const zones = blocks.length === 1 ? zonesOf(blocks[0] as BlockId) : null;
  const zone = zones === null ? '' : zones.length === 0 ? ', no one zone' : `, ${printable(zones.join(' '))}`;
  const place = `${formatAddress(range.start)}-0x${(range.end * PAGE_SIZE - 1).toString(16)}`;
  return `Memory block ${blocks.join(', ')} (${place}${zone}) ${how}`;
}

function groupLines(group: PageGroup, pages: readonly ExplainedPage[], palette: Palette): string[] {
  const own = pages.filter(({ pfn }) => group.pfns.includes(pfn));
  const sign = group.waitingHelps === true ? '↻' : palette.bad('✗');
  const waits = WAITING[`${group.waitingHelps}`] as string;
  const line = (text: string) => `${INDENT}${wrap(text, WIDTH - INDENT.length, INDENT)}`;
  const files = [...new Set(own.flatMap(fileOf))].slice(0, FILES);
  const owners = [...new Set(own.flatMap(ownerOf))].slice(0, FILES);
  return [
    `  ${sign} ${palette.bold(group.verdict)}  ${countOf(group.pages, 'page')} of type ${group.type} ${palette.dim(`(${waits})`)}`,
    ...(group.refcount === null ? [] : [line(referenceText(group, own[0]?.references ?? null))]),
    line(`Likely held by ${group.likelyHolder}.`),
    ...(files.length === 0 ? [] : [line(`Of ${files.join(', ')}.`)]),
    ...(owners.length === 0 ? [] : [line(`Owned by ${owners.join(', ')}.`)]),
    line(group.advice),
    ...(group.pfns.length === 0 ? [] : [INDENT + palette.dim(formatPfns(group.pfns, group.pages, PFNS))]),
  ];
}

const WAITING: Readonly<Record<string, string>> = {
  true: 'waiting helps',
  false: 'waiting does not help',
  null: 'waiting: only its holder knows',
};

/** "3 references against 2 expected (1 mapping, 1 of the attempt itself): 1 is unexplained". */
function referenceText({ refcount, expected, unexplained }: PageGroup, references: References | null): string {
  const counted = countOf(refcount ?? 0, 'reference');
  if (references === null || expected === null || unexplained === null) {
    return `${counted}; how many there should be the log does not say.`;
  }
  const parts = [
    part(references.mappings, 'mapping'),
    references.cache ? `${references.cache} of the page or swap cache` : '',
    references.buffers > 0 ? `${references.buffers} for its buffers` : '',
    references.kernel > 0 ? `${references.kernel} of its owner` : '',
    references.isolation > 0 ? `${references.isolation} of the attempt itself` : '',
  ].filter((text) => text !== '');
  const against = `${counted} against ${expected} expected${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
  if (unexplained === 0) return `${against}: all are explained.`;
  return unexplained > 0 ? `${against}: ${unexplained} unexplained.` : `${against}: some were dropped meanwhile.`;
}

function part(count: number | null, noun: string): string {
  return count === null || count === 0 ? '' : countOf(count, noun);
}

function fileOf({ file }: ExplainedPage): string[] {
  if (file === null) return [];
  const name = file.name === null ? '' : `"${file.name}", `;
  return [`${name}${file.aops}${file.ino === null ? '' : ` inode 0x${file.ino}`}`];
}

function ownerOf({ owner }: ExplainedPage): string[] {
  if (owner === null) return [];
  const who = owner.command === null ? 'a process' : owner.command;
  const pid = owner.pid === null ? '' : ` (${owner.pid})`;
  const where = owner.mapping === null ? '' : ` ${owner.mapping}`;
  const cgroup = owner.cgroup === null ? '' : ` in ${owner.cgroup}`;
  return [`${who}${pid}${where}${cgroup}`];
}
