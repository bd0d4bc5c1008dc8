import { VacateError } from '../../base/vacate-error.js';
import { loadStrategies } from '../../container/load-plugins.js';
import { formatRange } from '../../mm/pfn-range.js';
import { formatPages } from '../../mm/units.js';
import type { Fact } from '../../report/facts.js';
import type { Machine } from '../../sim/machine.js';
import type { HighOrderResult, JobOutcome } from '../../strategies/strategy.js';
import { accountJson } from '../account.js';
import { costText, movedText, outcomeMark, verifiedText } from '../account-text.js';
import { type Carried, carryOut, timeoutRefusal } from '../carry-out.js';
import { type Context, printJson } from '../context.js';
import { EXIT_REFUSED, exitCodeOf } from '../exit-codes.js';
import { beginHtml, checkHtml } from '../html/begin-html.js';
import { LIVE } from '../open-live.js';
import { openMachine } from '../open-machine.js';
import { loadPageTypes } from '../page-types.js';
import type { Palette } from '../palette.js';
import { checkRecord, recordWish } from '../record/record-wish.js';
import { refusalText } from '../refusal-text.js';
import { table } from '../tables.js';
import { checkWatching, watchingOf } from '../watch/check-watching.js';
import type { Watching } from '../watch/job-view.js';
import { countOf, formatCount, wrap } from '../wording.js';
import { type HighOrderLiveOptions, highOrderLive } from './high-order-live.js';

export interface HighOrderOptions extends HighOrderLiveOptions, Watching {
  readonly strategy?: string;
  readonly strategyModule: readonly string[];
  readonly whatIf?: boolean;
  /** Where a report goes, as a page. */
  readonly html?: string;
  /** File in which the run is recorded. */
  readonly record?: string;
  /** Nodes that work at a time, each for itself; absent, the machine is one. */
  readonly threads?: number;
}

/** What a strategy is asked for. */
export type SimulatedOptions = HighOrderOptions & Required<Pick<HighOrderOptions, 'order' | 'count'>>;

/** What a job that ran out of time could not say is null. */
type Unknown = 'lowerBound' | 'candidates' | 'freeBefore';
type Outcome = Omit<HighOrderResult, Unknown | 'moved' | 'pagesMigrated' | 'pagesReclaimed'> &
  Record<Unknown, number | null>;

/** Of this host one asks what its own kernel would do, unless a strategy is named. */
export async function highOrder(context: Context, machineName: string, options: HighOrderOptions): Promise<number> {
  const { strategy, whatIf = machineName === LIVE && strategy === undefined, order, count } = options;
  checkWatching(context, options);
  checkHtml(options.html);
  if (whatIf && strategy !== undefined)
    throw new VacateError('usage', '--what-if asks about the kernel, --strategy about somebody else; leave one out');
  if (whatIf && options.threads !== undefined)
    throw new VacateError(
      'usage',
      '--threads builds each node of a scenario for itself; leave it out, or say --strategy',
    );
  if (whatIf) return highOrderLive(context, machineName, options);
  for (const option of ['commit', 'node', 'journal'] as const)
    if (options[option] !== undefined)
      throw new VacateError(
        'usage',
        `--${option} is for the kernel's own compaction, and this is a simulation; leave it out, or use "live" without --strategy`,
      );
  if (order === undefined) throw notSpecified('--order <number>');
  if (count === undefined) throw notSpecified('--count <number>');
  const { threads } = options;
  await checkRecord(options.record);
  if (threads === undefined) return simulated(context, machineName, { ...options, order, count });
  const { highOrderOnNodes } = await import('../nodes/high-order-nodes.js');
  return highOrderOnNodes(context, machineName, { ...options, order, count, threads });
}

function notSpecified(option: string): VacateError {
  return new VacateError('usage', `required option '${option}' not specified; see vacate high-order --help`);
}

/** Makes free blocks of an order by moving what stands in them. */
async function simulated(context: Context, machineName: string, options: SimulatedOptions): Promise<number> {
  const { order, count, strategy } = options;
  const pageTypes = await loadPageTypes(options);
  const strategies = await loadStrategies(options.strategyModule);
  const open = await openMachine(machineName, { ...context, ...options });
  const { machine, seed } = open;
  const timeoutMs = options.timeout ?? null;
  const finishHtml = await beginHtml(options.html, open);
  const carried = await carryOut(context, {
    machine,
    pageTypes,
    strategies,
    timeoutMs,
    frontEnd: 'highOrder',
    strategy,
    begin: (evacuator) => evacuator.highOrder({ order, count }, strategy),
    record: recordWish(options.record, open),
    sight: {
      watching: watchingOf(options),
      title: `Making ${count === 'all' ? 'all blocks' : countOf(count, 'block')} of order ${order} on ${machine.spec.name}`,
      standing: ({ blocksMade }) => `${madeText(blocksMade, count)} made`,
    },
  });
  const outcome = carried.result ?? stoppedOutcome(options, carried);
  if (options.json === true) printJson(context, highOrderJson(machine, seed, outcome, carried));
  else context.print(highOrderText(machine, outcome, carried, context.palette).join('\n'));
  const { account, result } = carried;
  const heading = headingOf(outcome);
  const moved = result?.moved ?? NOTHING_MOVED;
  finishHtml({ command: 'high-order', heading, ...outcome, facts: factsOf(outcome), account, moved, blocks: [] });
  carried.evacuator.dispose();
  return carried.account.contents.wrong > 0 ? EXIT_REFUSED : exitCodeOf(outcome.outcome);
}

const NOTHING_MOVED = { sources: new Uint32Array(), targets: new Uint32Array() };

/** What stands over a report. */
export function headingOf({ made, asked, order }: Pick<Outcome, 'made' | 'asked' | 'order'>): string {
  return `${madeText(made, asked)} of order ${order} (${formatPages(2 ** order)}) made`;
}

export function factsOf({ freeBefore, candidates, lowerBound }: Pick<Outcome, Unknown>): Fact[] {
  const known = (name: string, value: number | null, remark: string) =>
    value === null ? [] : [{ name, value: formatCount(value), remark }];
  return [
    ...known('Free before', freeBefore, 'blocks of the order, not counted as made'),
    ...known('Could be emptied', candidates, 'blocks in which no page refuses'),
    ...known('Lower bound', lowerBound, 'nobody can do it with fewer moves'),
  ];
}

function stoppedOutcome(
  { order, count, timeout }: SimulatedOptions,
  { blocksMade: made, strategy }: Carried<HighOrderResult>,
): Outcome {
  const asked = count === 'all' ? Number.POSITIVE_INFINITY : count;
  const outcome: JobOutcome = made >= asked ? 'done' : made > 0 ? 'partial' : 'refused';
  return {
    outcome,
    strategy,
    order,
    asked: count,
    made,
    freeBefore: null,
    lowerBound: null,
    candidates: null,
    scanned: null,
    ranges: [],
    refusals: [timeoutRefusal(timeout ?? 0, count === 'all' ? 0 : (count - made) * 2 ** order)],
  };
}

function highOrderJson(machine: Machine, seed: number | null, outcome: Outcome, { account }: Carried<HighOrderResult>) {
  return {
    command: 'high-order',
    machine: machine.spec.name,
    seed,
    strategy: outcome.strategy,
    outcome: outcome.outcome,
    order: outcome.order,
    asked: outcome.asked,
    made: outcome.made,
    freeBefore: outcome.freeBefore,
    candidates: outcome.candidates,
    lowerBound: outcome.lowerBound,
    ...accountJson(account),
    scanned: outcome.scanned,
    ranges: outcome.ranges,
    refusals: outcome.refusals,
  };
}

/** So many of the blocks that were made are named in a text. */
const RANGES = 3;

function highOrderText(
  machine: Machine,
  outcome: Outcome,
  { account }: Carried<HighOrderResult>,
  palette: Palette,
): string[] {
  const { made, asked, order, ranges } = outcome;
  const mark = outcomeMark(outcome.outcome, palette);
  const size = formatPages(2 ** order);
  const lines = [
    `${mark} ${palette.bold(`${madeText(made, asked)} of order ${order} (${size}) made`)} on ${machine.spec.name}, by ${outcome.strategy}.`,
    '',
    factsTable(outcome, account.pagesMigrated, palette),
  ];
  if (ranges.length > 0) {
    const named = ranges.slice(0, RANGES).map(formatRange).join(' ');
    const rest = ranges.length > RANGES ? ` … ${formatCount(ranges.length - RANGES)} more` : '';
    lines.push(palette.dim(`  at page frames ${wrap(`${named}${rest}`, 63, '                 ')}`));
  }
  lines.push('');
  if (outcome.refusals.length > 0) lines.push(palette.bold('Why not'), ...refusalText(outcome.refusals, palette), '');
  if (account.pagesMigrated > 0) {
    lines.push(palette.bold('What moved'), movedText(account, palette), '');
    lines.push(palette.bold('What it cost'), costText(account, palette), '');
  }
  return [...lines, verifiedText(account.contents, palette)];
}

export function madeText(made: number, asked: number | 'all'): string {
  return asked === 'all' ? countOf(made, 'block') : `${formatCount(made)} of ${countOf(asked, 'block')}`;
}

export function factsTable(
  { freeBefore, candidates, lowerBound }: Pick<Outcome, Unknown>,
  moved: number,
  palette: Palette,
): string {
  const number = (value: number | null) => (value === null ? 'not known' : formatCount(value));
  return table(
    palette,
    [
      ['', 'left'],
      ['', 'right'],
      ['', 'left'],
    ],
    [
      ['free before', number(freeBefore), 'blocks of the order, not counted as made'],
      ['could be emptied', number(candidates), 'blocks in which no page refuses'],
      ['pages moved', formatCount(moved), ''],
      ['lower bound', number(lowerBound), boundText(lowerBound, moved)],
    ],
  );
}

/** How far the run was from the best that anybody could do. */
function boundText(lowerBound: number | null, moved: number): string {
  if (lowerBound === null) return '';
  if (moved === lowerBound) return 'nobody can do it with fewer moves';
  if (moved < lowerBound) return 'for all that was asked; less was made';
  return `the run moved ${(moved / Math.max(lowerBound, 1)).toFixed(2)} times as many`;
}
