import { VacateError } from '../../base/vacate-error.js';
import { loadStrategies } from '../../container/load-plugins.js';
import type { RefusalCount } from '../../migration/migration-report.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES, blockRange } from '../../mm/memory-block.js';
import { type BlockId, formatPages } from '../../mm/units.js';
import { countKinds } from '../../picture/page-bytes.js';
import { usedIn } from '../../picture/page-kinds.js';
import type { Machine } from '../../sim/machine.js';
import type { JobOutcome, OfflineResult } from '../../strategies/strategy.js';
import { accountJson } from '../account.js';
import { costText, movedText, outcomeMark, verifiedText } from '../account-text.js';
import { type Carried, carryOut, timeoutRefusal } from '../carry-out.js';
import { type Context, printJson } from '../context.js';
import { EXIT_REFUSED, exitCodeOf } from '../exit-codes.js';
import { beginHtml, checkHtml } from '../html/begin-html.js';
import { checkRoot, openMachine } from '../open-machine.js';
import { loadPageTypes } from '../page-types.js';
import { createPalette, type Palette } from '../palette.js';
import { nameBlocks } from '../parse-blocks.js';
import { checkRecord, recordWish } from '../record/record-wish.js';
import { refusalText } from '../refusal-text.js';
import { type BlockBook, checkSelection, type Selection, selectBlocks } from '../select-blocks.js';
import { table } from '../tables.js';
import { checkWatching, watchingOf } from '../watch/check-watching.js';
import type { JobSight, Watching } from '../watch/job-view.js';
import { countOf, formatCount } from '../wording.js';
import type { LiveOptions } from './offline-live.js';

export interface OfflineOptions extends Selection, LiveOptions, Watching {
  readonly strategy?: string;
  readonly timeout?: number;
  /** Nodes that work at a time, each for itself; absent, the machine is one. */
  readonly threads?: number;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly strategyModule: readonly string[];
  readonly seed?: number;
  /** File in which the run is recorded. */
  readonly record?: string;
  readonly json?: boolean;
  readonly html?: string;
}

/** `vacate offline`: takes memory blocks of a machine offline and says what became of every one. */
export async function offline(context: Context, machineName: string, options: OfflineOptions): Promise<number> {
  checkSelection(options);
  checkNotLive(machineName, options);
  await checkRecord(options.record);
  checkWatching(context, options);
  checkHtml(options.html);
  const { threads } = options;
  if (threads !== undefined)
    return (await import('../nodes/offline-nodes.js')).offlineOnNodes(context, machineName, { ...options, threads });
  const pageTypes = await loadPageTypes(options);
  const strategies = await loadStrategies(options.strategyModule);
  const open = await openMachine(machineName, { ...context, seed: options.seed });
  const { machine, seed } = open;
  const blocks = selectBlocks(machine, options);
  const timeoutMs = options.timeout ?? null;
  const finishHtml = await beginHtml(options.html, open);
  const carried = await carryOut(context, {
    machine,
    pageTypes,
    strategies,
    timeoutMs,
    frontEnd: 'offline',
    strategy: options.strategy,
    begin: (evacuator) => evacuator.offline({ blocks }, options.strategy),
    record: recordWish(options.record, open),
    sight: sightOf(machine, blocks, options),
  });
  const result = carried.result ?? stoppedResult(machine, blocks, carried, timeoutMs ?? 0);
  if (options.json === true) printJson(context, offlineJson(machine, seed, result, carried));
  else context.print(offlineText(machine, result, carried, context.palette).join('\n'));
  const heading = headingOf(machine, result);
  finishHtml({ ...result, command: 'offline', heading, facts: [], account: carried.account });
  carried.evacuator.dispose();
  return carried.account.contents.wrong > 0 ? EXIT_REFUSED : exitCodeOf(result.outcome);
}

const LIVE_ONLY = ['commit', 'stall', 'keepPartial', 'eject', 'journal'] as const;

function checkNotLive(machineName: string, options: OfflineOptions): void {
  checkRoot(machineName, options.root);
  const given = LIVE_ONLY.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const option = `--${given.replace('P', '-p')}`;
  throw new VacateError('usage', `${option} is for the machine "live", not for "${machineName}"; leave it out`);
}

function sightOf(machine: Machine, blocks: readonly BlockId[], options: OfflineOptions): JobSight {
  const { name, blockPages } = machine.spec;
  const ranges = blocks.map((block) => blockRange(block, blockPages));
  const left = () => ranges.reduce((sum, { start, end }) => sum + usedIn(countKinds(machine.flags, start, end)), 0);
  return {
    watching: watchingOf(options),
    title: `Taking ${nameBlocks(blocks)} of ${name} offline (${formatPages(blocks.length * blockPages)})`,
    only: ranges,
    standing: ({ blocksOffline }) =>
      `${countOf(left(), 'page')} left in them, ${blocksOffline} of ${countOf(blocks.length, 'block')} offline`,
  };
}

/** What stands after the time was up: the job itself had no chance to say. */
function stoppedResult(
  machine: Machine,
  blocks: readonly BlockId[],
  { strategy, account }: Carried<OfflineResult>,
  timeoutMs: number,
): OfflineResult {
  const gone = blocks.filter((block) => machine.blockState[block] === BLOCK_OFFLINE);
  const pagesIn = (block: BlockId) => {
    const { start, end } = blockRange(block, machine.spec.blockPages);
    return gone.includes(block) ? 0 : usedIn(countKinds(machine.flags, start, end));
  };
  const refusalsOf = (pages: number): RefusalCount[] => (pages === 0 ? [] : [timeoutRefusal(timeoutMs, pages)]);
  const outcome: JobOutcome = gone.length === blocks.length ? 'done' : gone.length > 0 ? 'partial' : 'refused';
  return {
    outcome,
    strategy,
    pagesMigrated: account.pagesMigrated,
    pagesReclaimed: account.pagesReclaimed,
    blocks: blocks.map((block) => ({
      block,
      state: BLOCK_STATE_NAMES[machine.blockState[block] as 0 | 1 | 2 | 3],
      pagesMigrated: account.movedByBlock[block]!,
      refusals: refusalsOf(pagesIn(block)),
    })),
    refusals: refusalsOf(blocks.reduce((sum, block) => sum + pagesIn(block), 0)),
    moved: { sources: new Uint32Array(), targets: new Uint32Array() },
  };
}

export function offlineJson(
  machine: Machine,
  seed: number | null,
  { outcome, strategy, blocks, refusals }: OfflineResult,
  { account }: Carried<OfflineResult>,
) {
  return {
    command: 'offline',
    machine: machine.spec.name,
    seed,
    strategy,
    outcome,
    ...accountJson(account),
    blocks: blocks.map(({ block, state, pagesMigrated, refusals: why }) => ({
      block,
      state,
      pagesMigrated,
      refusals: why,
    })),
    refusals,
  };
}

function offlineText(
  machine: Machine,
  result: OfflineResult,
  { account }: Carried<OfflineResult>,
  palette: Palette,
): string[] {
  const lines = [headline(machine, result, palette), ''];
  if (result.blocks.length > 1) lines.push(blockTable(result, palette), '');
  if (result.refusals.length > 0) lines.push(palette.bold('Why not'), ...refusalText(result.refusals, palette), '');
  if (account.pagesMigrated > 0) {
    lines.push(palette.bold('What moved'), movedText(account, palette), '');
    lines.push(palette.bold('What it cost'), costText(account, palette), '');
  }
  return [...lines, verifiedText(account.contents, palette)];
}

/** What a headline takes of a result; the strategy is null if none has begun. */
type Shown = Pick<OfflineResult, 'outcome' | 'blocks'> & { readonly strategy: string | null };

export function headline(machine: BlockBook, { outcome, blocks, strategy }: Shown, palette: Palette): string {
  const numbers = blocks.map(({ block }) => block);
  const size = formatPages(numbers.length * machine.spec.blockPages);
  const what = `${nameBlocks(numbers)} of ${machine.spec.name} (${size})`;
  const mark = outcomeMark(outcome, palette);
  const by = strategy === null ? '' : `, by ${strategy}`;
  if (outcome === 'done') return `${mark} ${palette.bold(`Offline: ${what}`)}${by}.`;
  const gone = blocks.filter(({ state }) => state === 'offline').length;
  const gist = outcome === 'partial' ? `${gone} of ${blocks.length} blocks are offline:` : 'Still online:';
  return `${mark} ${palette.bold(`${gist} ${what}`)}${by}.`;
}

/** The same over a report: it has neither a mark before it nor a full stop, and the strategy has its own place. */
export function headingOf(machine: BlockBook, shown: Shown): string {
  return headline(machine, { ...shown, strategy: null }, createPalette(false)).replace(/^\S+ |\.$/g, '');
}

export function blockTable({ blocks }: Pick<Shown, 'blocks'>, palette: Palette): string {
  return table(
    palette,
    [
      ['block', 'right'],
      ['state', 'left'],
      ['moved', 'right'],
      ['stays', 'left'],
    ],
    blocks.map(({ block, state, pagesMigrated, refusals }) => [
      `${block}`,
      state === 'offline' ? palette.good(state) : state,
      formatCount(pagesMigrated),
      largestRefusals(refusals),
    ]),
  );
}

/** The reasons of most pages; all of them stand below, for the blocks together. */
function largestRefusals(refusals: readonly RefusalCount[]): string {
  const named = refusals.slice(0, 2).map(({ reason, pages }) => `${formatCount(pages)} ${reason}`);
  return `${named.join(', ')}${refusals.length > 2 ? ` +${refusals.length - 2}` : ''}`;
}
