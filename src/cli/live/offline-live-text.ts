import type { BlockAttempt } from '../../linux/hotplug/empty-block.js';
import { BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { formatBytes } from '../../mm/units.js';
import { attemptsText } from '../explain/explain-text.js';
import type { Palette } from '../palette.js';
import { formatBlocks } from '../parse-blocks.js';
import { type Align, table } from '../tables.js';
import { countOf, formatCount, formatPfns, wrap } from '../wording.js';
import { attemptBecause, type Limits } from './offline-live-because.js';
import type { OfflinePlan } from './offline-live-plan.js';
import { type Committed, keptOffline, type OfflineLiveReport, outcomeOf } from './offline-live-report.js';

const WIDTH = 80;
const PFNS = 5;

/** The report of `vacate offline live` for people. */
export function offlineLiveText(report: OfflineLiveReport, palette: Palette): string[] {
  const { plan, committed } = report;
  const lines = [headline(report, palette), ''];
  if (plan.isLate) return [...lines, `  ${wrap(plan.caveats.join(' '), WIDTH - 2, '  ')}`];
  lines.push(...(committed === null ? planText(plan, palette) : resultText(report, committed, palette)));
  // What a forecast could not know matters less once the kernel has answered.
  const caveats = (committed === null ? plan.caveats : []).map((caveat) => `  ! ${wrap(caveat, WIDTH - 4, '    ')}`);
  return caveats.length === 0 ? lines : [...lines, '', ...caveats];
}

function headline(report: OfflineLiveReport, palette: Palette): string {
  const { plan, committed } = report;
  const numbers = plan.blocks.map(({ block }) => block);
  const size = formatBytes(numbers.length * plan.blockBytes);
  const what = `${blocksWord(numbers.length)} ${formatBlocks(numbers)} of ${plan.machine} (${size})`;
  const outcome = outcomeOf(report);
  const good = (gist: string) => `${palette.good('✓')} ${palette.bold(wrap(`${gist}: ${what}`, WIDTH - 2))}`;
  const bad = (gist: string) => `${palette.bad('✗')} ${palette.bold(wrap(`${gist}: ${what}`, WIDTH - 2))}`;
  if (outcome === 'planned' && plan.order.length === 0) return good('Offline already');
  if (outcome === 'planned') return good('May go, nothing has been written');
  if (outcome === 'done') return good(committed?.ejected ? `Offline and ejected (${committed.ejected})` : 'Offline');
  if (plan.isLate) return bad('Time was up, nothing has been written');
  if (committed === null) return bad('Will not go, nothing has been written');
  const kept = keptOffline(committed).length;
  const gist = kept > 0 ? `${kept} of ${numbers.length} blocks are offline` : OUTCOMES[outcome];
  return bad(gist ?? 'Still online');
}

function blocksWord(count: number): string {
  return count === 1 ? 'block' : 'blocks';
}

const OUTCOMES: Readonly<Record<string, string>> = {
  refused: 'Still online',
  stalled: 'Stalled, still online',
  timeout: 'Time was up, still online',
  interrupted: 'Interrupted, still online',
};

/** Before anything is written: what would be, in which order, and what is to be expected. */
function planText(plan: OfflinePlan, palette: Palette): string[] {
  const byNumber = new Map(plan.blocks.map((block) => [block.block, block]));
  const rest = plan.blocks.map(({ block }) => block).filter((block) => !plan.order.includes(block));
  const rows = [...plan.order, ...rest].map((number, index) => {
    const { state, zones } = byNumber.get(number)!;
    const { verdict, pagesToMove } = plan.verdicts.get(number)!;
    const isWritten = index < plan.order.length;
    return [
      isWritten ? `${index + 1}.` : '',
      `${number}`,
      BLOCK_STATE_NAMES[state],
      zones[0] ?? 'none',
      pagesToMove === null ? '?' : formatCount(pagesToMove),
      verdict === 'will-not-go' ? palette.bad(verdict) : verdict,
      isWritten ? 'offline' : '',
    ];
  });
  const lines = [table(palette, PLAN_COLUMNS, rows)];
  for (const [block, { because }] of plan.verdicts)
    if (because !== null) lines.push(`  ${wrap(`${block}: ${because}.`, WIDTH - 2, '    ')}`);
  if (plan.refusal !== null) return [...lines, '', `  ${wrap(`Refused: ${plan.refusal}.`, WIDTH - 2, '  ')}`];
  const { notKnowable } = plan.forecast ?? {};
  if (notKnowable !== undefined) lines.push('', `  ${palette.dim(wrap(notKnowable.because, WIDTH - 2, '  '))}`);
  return plan.order.length === 0 ? lines : [...lines, '', `  ${palette.dim('Do it with --commit.')}`];
}

const PLAN_COLUMNS: ReadonlyArray<readonly [string, Align]> = [
  ['', 'right'],
  ['block', 'right'],
  ['state', 'left'],
  ['zone', 'left'],
  ['pages to move', 'right'],
  ['forecast', 'left'],
  ['would write', 'left'],
];

const RESULT_COLUMNS: ReadonlyArray<readonly [string, Align]> = [
  ['block', 'right'],
  ['state', 'left'],
  ['seconds', 'right'],
  ['migrated', 'right'],
  ['failed', 'right'],
  ['left', 'right'],
  ['ended', 'left'],
];

function resultText(report: OfflineLiveReport, committed: Committed, palette: Palette): string[] {
  const { plan, bounds } = report;
  const attempts = new Map(committed.attempts.map((attempt) => [attempt.block, attempt]));
  const untried = plan.blocks.map(({ block }) => block).filter((block) => !attempts.has(block));
  const rows = [...attempts.keys(), ...untried].map((block) => {
    const attempt = attempts.get(block);
    const state = committed.states.get(block) ?? 'absent';
    const shown = state === 'offline' || state === 'absent' ? palette.good(state) : state;
    if (attempt === undefined) return [`${block}`, shown, '', '', '', '', state === 'offline' ? 'was so' : 'not tried'];
    const { seconds, pagesMigrated, pagesFailed, pagesLeft, stall, obstacle } = attempt;
    const counts = [pagesMigrated, pagesFailed, stall?.now.pages ?? pagesLeft].map((count) =>
      count === null ? '?' : formatCount(count),
    );
    return [`${block}`, shown, seconds.toFixed(1), ...counts, obstacle === null ? 'went' : obstacle];
  });
  const why = [
    ...committed.attempts.flatMap((attempt) => attemptLines(attempt, bounds, palette)),
    ...(committed.failedAfterwards === null ? [] : [`  ${wrap(`${committed.failedAfterwards}.`, WIDTH - 2, '  ')}`]),
    ...backText(committed, palette),
  ];
  const lines = [table(palette, RESULT_COLUMNS, rows), ...(why.length === 0 ? [] : ['', ...why])];
  return [...lines, ...explanationText(plan, committed, palette)];
}

/** Why a block did not go, and the pages that were left; nothing for one that went. */
function attemptLines(attempt: BlockAttempt, bounds: Limits, palette: Palette): string[] {
  const because = attemptBecause(attempt, bounds);
  if (because === null) return [];
  const line = `  ${wrap(`${attempt.block}: ${because}.`, WIDTH - 2, '    ')}`;
  const { pages, pfns } = attempt.stall?.now ?? { pages: null, pfns: [] };
  return pages === null || pages === 0 ? [line] : [line, `    ${palette.dim(formatPfns(pfns, pages, PFNS))}`];
}

function backText({ rolledBack, isSettled, journal, problem }: Committed, palette: Palette): string[] {
  const lines: string[] = [];
  const back = rolledBack?.filter(({ isBack }) => isBack).map(({ block }) => block) ?? [];
  if (back.length > 0) {
    const names = formatBlocks(back.sort((a, b) => a - b));
    lines.push(
      `  Brought back to the zone that ${back.length === 1 ? 'it' : 'they'} had: ${blocksWord(back.length)} ${names}.`,
    );
  }
  for (const { block, because } of rolledBack?.filter(({ isBack }) => !isBack) ?? [])
    lines.push(palette.bad(`  ${wrap(`NOT AS BEFORE: block ${block}: ${because}.`, WIDTH - 2, '  ')}`));
  if (!isSettled)
    lines.push(`  ${wrap(`The run stays open in ${journal}: try again with vacate recover.`, WIDTH - 2, '  ')}`);
  if (problem !== null) lines.push(`  ! ${wrap(problem, WIDTH - 4, '    ')}`);
  return lines;
}

function explanationText({ blocks }: OfflinePlan, { explanation, attempts }: Committed, palette: Palette): string[] {
  const nrFailed = attempts.filter(({ obstacle }) => obstacle !== null).length;
  if (nrFailed === 0) return [];
  if (explanation === null)
    return ['', `  ! The kernel's log of ${countOf(nrFailed, 'attempt')} cannot be read (/dev/kmsg).`];
  const zonesOf = (block: number) => blocks.find((each) => each.block === block)?.zones ?? null;
  return ['', palette.bold("By the kernel's own log"), ...attemptsText({ attempts: explanation, zonesOf, palette })];
}
