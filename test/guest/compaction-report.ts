import type { Palette } from '../../src/cli/palette.js';
import { table } from '../../src/cli/tables.js';
import { countOf, formatCount, wrap } from '../../src/cli/wording.js';
import type { CompactionSet } from './compaction-set.js';
import type { OurCompaction } from './our-compaction.js';

/** One capture: what the kernel did from there, and what ours do. */
export interface Case {
  readonly set: CompactionSet;
  readonly ours: OurCompaction;
}

/** What merged is to reach where memory is skewed: moves as a multiple of the lower bound, and of what the kernel moved. */
const GOALS = { ofBound: 1.02, ofKernel: { '6.1': 0.25, '6.12': 0.28 } } as const;

/** A row of a case's table. */
export interface Row {
  readonly who: string;
  readonly blocks: number;
  readonly moved: number;
  /** Null where no block was gained, or nothing had to move for it. */
  readonly perBlock: number | null;
  readonly ofBound: number | null;
  /** Moves a block as a multiple of the kernel's. */
  readonly ofKernel: number | null;
  readonly seconds: number | null;
}

interface Figures {
  readonly blocks: number;
  readonly moved: number;
  readonly seconds?: number;
}

const WIDTH = 78;
const JOB_WORDS = { compact: 'compact_memory', huge: 'nr_hugepages' } as const;

/** "6.12.117+deb12-cloud-amd64" -> "6.12". */
export function seriesOf(release: string): string {
  return /^\d+\.\d+/.exec(release)?.[0] ?? release;
}

export function rowsOf({ set, ours }: Case): Row[] {
  const { release, kernel } = set;
  const boundPerBlock = ratio(ours.lowerBound, ours.merged.blocks);
  const row = (who: string, { blocks, moved, seconds }: Figures): Row => {
    const perBlock = ratio(moved, blocks);
    const over = (other: number | null) => (perBlock === null || other === null ? null : ratio(perBlock, other));
    const ofKernel = over(ratio(kernel.moved, kernel.blocks));
    return { who, blocks, moved, perBlock, ofBound: over(boundPerBlock), ofKernel, seconds: seconds ?? null };
  };
  return [
    row(`Linux ${seriesOf(release)}`, kernel),
    row('our compaction', ours.model),
    row('merged', ours.merged),
    row('lower bound', { blocks: ours.merged.blocks, moved: ours.lowerBound }),
  ];
}

function ratio(part: number, whole: number): number | null {
  return whole <= 0 ? null : part / whole;
}

export function caseText(each: Case, palette: Palette): string {
  const { set, ours } = each;
  const { release, job, filledBy, kernel } = set;
  const fixed = (value: number | null, digits: number) => (value === null ? '–' : value.toFixed(digits));
  const rows = rowsOf(each).map(({ who, blocks, moved, perBlock, ofBound, ofKernel, seconds }) => [
    who,
    ...[formatCount(blocks), formatCount(moved), fixed(perBlock, 1), fixed(ofBound, 2), fixed(ofKernel, 2)],
    seconds === null ? '' : `${seconds.toFixed(2)} s`,
  ]);
  const columns = ['', 'blocks', 'pages moved', 'a block', 'of bound', 'of Linux', 'time'];
  const aligned = columns.map((title, at) => [title, at === 0 ? 'left' : 'right'] as const);
  const scanned =
    kernel.migrateScanned === null || kernel.freeScanned === null
      ? ''
      : ` Linux looked at ${countOf(kernel.migrateScanned, 'page')} to move and ${formatCount(kernel.freeScanned)} to move to.`;
  const failed = kernel.failed === 0 ? '' : ` ${countOf(kernel.failed, 'page')} did not go.`;
  const rest = `${countOf(kernel.freeBefore, 'block')} ${kernel.freeBefore === 1 ? 'was' : 'were'} free before, and ${formatCount(ours.possible)} more can be had.`;
  return [
    `${palette.bold(`Linux ${release}, ${filledBy}`)} ${palette.dim(`(${JOB_WORDS[job]})`)}`,
    table(palette, aligned, rows),
    `  ${palette.dim(wrap(`${rest}${scanned}${failed}`, WIDTH, '  '))}`,
  ].join('\n');
}

/** All cases of one kernel and one job, those of skewed memory apart. */
export interface Summary {
  readonly kernel: string;
  readonly job: CompactionSet['job'];
  readonly memory: 'skewed' | 'other';
  readonly cases: number;
  /** The worst of all; null if there is none to be had. */
  readonly ofBoundMost: number | null;
  readonly ofKernelMedian: number | null;
  readonly ofKernelLeast: number | null;
  readonly ofKernelMost: number | null;
  /** What the median is to be at most, where memory is skewed and blocks are asked for one by one. */
  readonly ofKernelGoal: number | null;
}

export function summaryOf(cases: readonly Case[]): Summary[] {
  const groups = new Map<string, Case[]>();
  for (const each of cases) {
    const { release, job, filledBy } = each.set;
    const key = [seriesOf(release), job, memoryOf(filledBy)].join();
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    const { release, job, filledBy } = group[0]!.set;
    const kernel = seriesOf(release);
    const memory = memoryOf(filledBy);
    const merged = group.map((each) => rowsOf(each).find(({ who }) => who === 'merged')!);
    const known = (values: ReadonlyArray<number | null>) => values.filter((value) => value !== null);
    const ofKernel = known(merged.map((row) => row.ofKernel)).sort((a, b) => a - b);
    const ofBound = known(merged.map((row) => row.ofBound));
    const goals: Readonly<Record<string, number>> = GOALS.ofKernel;
    return {
      kernel,
      job,
      memory,
      cases: group.length,
      ofBoundMost: ofBound.length === 0 ? null : Math.max(...ofBound),
      ofKernelMedian: medianOf(ofKernel),
      ofKernelLeast: ofKernel[0] ?? null,
      ofKernelMost: ofKernel.at(-1) ?? null,
      ofKernelGoal: job === 'huge' && memory === 'skewed' ? (goals[kernel] ?? null) : null,
    };
  });
}

/** The goals are those of workloads called skew. */
function memoryOf(filledBy: string): Summary['memory'] {
  return filledBy.startsWith('skew') ? 'skewed' : 'other';
}

function medianOf(sorted: readonly number[]): number | null {
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How far merged gets at worst from the bound, and beside the kernel in the middle. */
export function summaryText(cases: readonly Case[], palette: Palette): string {
  const columns = ['merged', 'captures', 'of bound', 'of Linux', 'from … to'];
  const rows = summaryOf(cases).map((each) => {
    const { kernel, job, memory, cases: nr, ofBoundMost, ofKernelMedian, ofKernelLeast, ofKernelMost } = each;
    const what = `Linux ${kernel}, ${job}, ${memory}`;
    if (ofBoundMost === null || ofKernelMedian === null) return [what, formatCount(nr), '–', '–', ''];
    const goals = memory === 'skewed' ? GOALS.ofBound : null;
    return [
      what,
      formatCount(nr),
      judged(ofBoundMost, 3, goals, palette),
      judged(ofKernelMedian, 2, each.ofKernelGoal, palette),
      nr === 1 ? '' : `${ofKernelLeast!.toFixed(2)} to ${ofKernelMost!.toFixed(2)}`,
    ];
  });
  const aligned = columns.map((title, at) => [title, at === 0 ? 'left' : 'right'] as const);
  return table(palette, aligned, rows);
}

/** With its goal, where there is one. */
function judged(value: number, digits: number, goal: number | null, palette: Palette): string {
  const text = value.toFixed(digits);
  if (goal === null) return text;
  return `${text} ${Number(text) <= goal ? palette.good(`✓ ${goal}`) : palette.bad(`✗ ${goal}`)}`;
}

/** What the figures do not say. */
export const CAVEAT =
  'The guest is emulated: its seconds say nothing of Linux, and a rate of pages is to be had beside the kernel of this machine only (npm run bench). Ours are seconds of one CPU.';
