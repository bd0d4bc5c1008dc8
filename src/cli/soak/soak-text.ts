import { formatBytes, formatPfn } from '../../mm/units.js';
import { OUTCOMES, SYSTEM_CALLS } from '../../soak/counters.js';
import { FAULT_KINDS } from '../../soak/fault-kinds.js';
import type { StrategyReport } from '../../soak/report.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf, formatCount, wrap } from '../wording.js';
import type { SoakEnd, SoakNow } from './soak-run.js';

const WIDTH = 80;
/** So that tables of several front ends stand one below the other. */
const STRATEGY_WIDTH = 28;

/** 3725 -> "1:02:05". */
export function formatClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** 12345678 -> "12.3 M". */
export function formatMany(count: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (count >= size * 10 || (count >= size && unit !== 'k')) return `${(count / size).toFixed(1)} ${unit}`;
  return formatCount(Math.round(count));
}

/** The block that is drawn again every second while somebody watches; `before` is how it stood a second ago. */
export function liveLines(
  { report, secondsLeft, seconds, heapBytes }: SoakNow,
  before: SoakNow | null,
  palette: Palette,
): string[] {
  const span = seconds - (before?.seconds ?? 0);
  const rate = (now: number, then = 0) => (span > 0 ? `${formatMany((now - then) / span)}/s` : '');
  const migrated = rate(report.pagesMigrated, before?.report.pagesMigrated);
  const accesses = rate(report.accesses, before?.report.accesses);
  const faults = FAULT_KINDS.filter((kind) => report.faults[kind] > 0).map((kind) => `${kind} ${report.faults[kind]}`);
  const lines = [
    `${palette.bold('soaking')}  ${formatClock(secondsLeft)} left`,
    `  pages migrated  ${formatCount(report.pagesMigrated)}, ${migrated}`,
    `  accesses        ${formatMany(report.accesses)}, ${accesses}`,
    `  jobs            ${outcomesText(report.jobs)}`,
    `  faults          ${wrap(faults.join(', ') || 'none yet', WIDTH - 18, ' '.repeat(18))}`,
    `  words checked   ${formatMany(report.wordsRead + report.quietWords)}, wrong 0; ${countOf(report.quietPoints, 'standstill')}`,
    `  heap            ${heapBytes === 0 ? '' : formatBytes(heapBytes)}`,
  ];
  return lines.join('\n').split('\n');
}

function outcomesText(jobs: Readonly<Record<(typeof OUTCOMES)[number], number>>): string {
  return OUTCOMES.map((outcome) => `${formatCount(jobs[outcome])} ${outcome}`).join(', ');
}

/** What a soak ends with. */
export function soakText(machine: string, end: SoakEnd, palette: Palette): string {
  const { report } = end;
  return [
    headline(machine, end, palette),
    ...(end.wrong === null ? [] : ['', ...wrongText(end)]),
    ...(end.broken.length === 0 ? [] : ['', ...end.broken.map((sentence) => `  ${sentence}`)]),
    '',
    ...jobsTables(report.strategies, palette),
    palette.bold('Processes'),
    countsText([
      ...SYSTEM_CALLS.map((call) => [call, report.calls[call]] as const),
      ['out-of-memory', report.outOfMemory] as const,
    ]),
    '',
    palette.bold('Faults'),
    countsText(FAULT_KINDS.map((kind) => [kind, report.faults[kind]] as const)),
    '',
    palette.bold('Checked'),
    ...checkedText(end),
  ].join('\n');
}

function headline(machine: string, { ended, report, seconds }: SoakEnd, palette: Palette): string {
  const rate = `${formatCount(Math.round(report.pagesMigrated / seconds))} a second`;
  const what = `${countOf(report.pagesMigrated, 'page')} migrated in ${formatClock(seconds)} on ${machine}, ${rate}`;
  if (ended === 'wrong') return `${palette.bad('✗')} ${palette.bold('Something was wrong')} after ${what}.`;
  const how = ended === 'interrupted' ? 'Interrupted; nothing was wrong' : 'Nothing was wrong';
  return `${palette.good('✓')} ${palette.bold(how)}: ${what}.`;
}

const hex = (word: number) => (word < 0 ? 'nothing' : `0x${word.toString(16).padStart(8, '0')}`);

function wrongText({ wrong, lastWrong, moves }: SoakEnd): string[] {
  if (wrong === null) return [];
  const { whose, page, word, expected, found, frame } = wrong;
  const where = frame === null ? 'It stood in no frame.' : `It stood in ${formatPfn(frame)}.`;
  const since =
    lastWrong === null ? 'All of memory reads right now: the read was stale.' : 'It, or another, is wrong still.';
  const sentence = `Word ${word} of page 0x${page.toString(16)}, ${whose}: expected ${hex(expected)}, found ${hex(found)}. ${where} ${since}`;
  return [
    `  ${wrap(sentence, WIDTH - 2, '  ')}`,
    ...moves.map(
      ({ migrator, job, source, target }) =>
        `  job ${job} of migrator ${migrator} moved ${formatPfn(source)} to ${formatPfn(target)}`,
    ),
  ];
}

/** A table a front end; what was stopped and what a failing handler ended stand together. */
function jobsTables(strategies: readonly StrategyReport[], palette: Palette): string[] {
  const frontEnds = [...new Set(strategies.map(({ frontEnd }) => frontEnd))];
  return frontEnds.flatMap((frontEnd) => [
    palette.bold(`Jobs: ${frontEnd}`),
    jobsTable(
      strategies.filter((each) => each.frontEnd === frontEnd),
      palette,
    ),
    '',
  ]);
}

function jobsTable(strategies: readonly StrategyReport[], palette: Palette): string {
  return table(
    palette,
    [
      ['strategy', 'left'],
      ['done', 'right'],
      ['partial', 'right'],
      ['refused', 'right'],
      ['aborted', 'right'],
      ['pages moved', 'right'],
    ],
    strategies.map(({ strategy, done, partial, refused, aborted, failed, pagesMigrated }) => [
      strategy.padEnd(STRATEGY_WIDTH),
      ...[done, partial, refused, aborted + failed, pagesMigrated].map(formatCount),
    ]),
  );
}

function countsText(counts: ReadonlyArray<readonly [name: string, count: number]>): string {
  const text = counts.map(([name, count]) => `${name}\u00a0${formatCount(count)}`).join(', ');
  return `  ${wrap(text, WIDTH - 2, '  ')}`.replaceAll('\u00a0', ' ');
}

function checkedText({ report, heap, seconds, cpuSeconds, wrong }: SoakEnd): string[] {
  const { accesses, wordsRead, quietPoints, quietWords } = report;
  const lines = [
    `${formatCount(accesses)} accesses, ${formatCount(Math.round(accesses / seconds))} a second`,
    `${formatCount(wordsRead)} words as they were read, ${formatCount(quietWords)} at ${countOf(quietPoints, 'standstill')}`,
    `${cpuSeconds.toFixed(1)} s of CPUs in ${seconds.toFixed(1)} s`,
    `${wrong === null ? 'no' : 'a'} word was wrong, lost or stale`,
  ];
  if (heap !== null) {
    const growth = ((heap.toBytes / heap.fromBytes - 1) * 100).toFixed(1);
    const from = `${formatBytes(heap.fromBytes)} after ${Math.round(heap.fromSeconds)} s`;
    lines.push(`heap of all threads: ${from}, ${formatBytes(heap.toBytes)} at the end (${growth}%)`);
  }
  return lines.map((line) => `  ${line}`);
}
