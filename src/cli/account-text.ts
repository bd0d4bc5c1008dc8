import { formatBytes, formatPages } from '../mm/units.js';
import { PAGE_KINDS } from '../picture/page-kinds.js';
import type { LedgerComparison } from '../sim/ledger.js';
import type { JobOutcome } from '../strategies/strategy.js';
import type { Account } from './account.js';
import type { Palette } from './palette.js';
import { table } from './tables.js';
import { countOf, formatCount, formatNs, formatShare } from './wording.js';

const BAR = 30;

/** Begins the line that says how a job ended. */
export function outcomeMark(outcome: JobOutcome, palette: Palette): string {
  return outcome === 'done' ? palette.good('✓') : palette.bad(outcome === 'partial' ? '◐' : '✗');
}

/** A line for each kind of page that moved, with a bar in the kind's colour. */
export function movedText({ movedByKind, pagesMigrated }: Account, palette: Palette): string {
  const most = Math.max(...movedByKind, 1);
  const rows = [...movedByKind.entries()]
    .filter(([, pages]) => pages > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, pages]) => {
      const { label, glyphs, colour } = PAGE_KINDS[kind]!;
      const bar = [...glyphs][3]!.repeat(Math.max(1, Math.round((BAR * pages) / most)));
      const share = formatShare(pages, pagesMigrated);
      return [label, formatCount(pages), formatPages(pages), share, palette.in256(colour, bar)];
    });
  return table(
    palette,
    [
      ['kind of page', 'left'],
      ['pages', 'right'],
      ['size', 'right'],
      ['share', 'right'],
      ['', 'left'],
    ],
    rows,
  );
}

export function costText(account: Account, palette: Palette): string {
  const rows = [
    ['pages moved', formatCount(account.pagesMigrated)],
    ['bytes copied', formatBytes(account.bytesMigrated)],
    ...(account.pagesReclaimed === 0
      ? []
      : [['pages reclaimed', `${formatCount(account.pagesReclaimed)}, dropped or swapped out to make room`]]),
    ...(account.passes === null ? [] : [['passes', formatCount(account.passes)]]),
    ['retries', `${formatCount(account.pagesRetried)} of single pages`],
    ['waits', `${formatCount(account.waits)}, for locks, pins and writes to end by themselves`],
    ['virtual time', `${formatNs(account.virtualNs)} on the machine's own clock`],
    ['real time', `${account.wallMs.toFixed(0)} ms to simulate it`],
  ];
  return table(
    palette,
    [
      ['', 'left'],
      ['', 'left'],
    ],
    rows,
  );
}

/** One line that a run may not end without. */
export function verifiedText({ pages, wrong, firstWrong }: LedgerComparison, palette: Palette): string {
  if (wrong === 0)
    return `${palette.good('✓')} All ${countOf(pages, 'page')} read back what was written to them before the run.`;
  return (
    `${palette.bad('✗')} ${palette.bad(`${formatCount(wrong)} of ${countOf(pages, 'page')} read something else now`)}` +
    `, first ${firstWrong}. This is a bug in vacate; please report it.`
  );
}
