import type { CompactionRun } from '../../linux/compact-memory.js';
import { formatBytes, formatPages, PAGE_SIZE } from '../../mm/units.js';
import { newCounts, PAGE_KINDS } from '../../picture/page-kinds.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf, formatAddress, formatCount, wrap } from '../wording.js';
import { barredFirst, type MeasuredZone, measuredZones } from './high-order-live-json.js';
import type { BlocksToBeHad, ZoneOutlook } from './high-order-live-outlook.js';
import type { HighOrderLiveReport } from './high-order-live-report.js';

const WIDTH = 80;
/** So many of the ranges that are barred are named in a text; JSON has more. */
const BARRED = 8;

/** The report as people read it, 80 columns wide. */
export function highOrderLiveText(report: HighOrderLiveReport, palette: Palette): string[] {
  const { outlook, run, caveats } = report;
  const section = (title: string, ...lines: readonly string[]) => [palette.bold(title), ...lines, ''];
  return [
    ...headLines(report, palette),
    '',
    ...(run === null ? [] : section('What compaction did, beside what was forecast', ...runLines(report, palette))),
    ...section('What compaction gives and costs', ...zoneLines(report, palette)),
    ...section(`Blocks of ${sizeOf(outlook.order)} that could be had`, ...blockLines(report, palette)),
    ...section('What limits it', ...limitLines(report, palette)),
    ...(caveats.length > 0 ? section('What is not known', ...caveats.map(caveatLine)) : []),
  ].slice(0, -1);
}

export function sizeOf(order: number): string {
  return formatPages(2 ** order);
}

function caveatLine(caveat: string): string {
  return `  ! ${wrap(caveat, WIDTH - 4, '    ')}`;
}

function headLines(report: HighOrderLiveReport, palette: Palette): string[] {
  const { machine, outlook, kernel, rules, node, run } = report;
  const where = `${machine.spec.name}${node === null ? '' : `, node ${node}`}`;
  if (run !== null) return runHead(report, where, palette);
  const by = kernel === null ? `by the rules of Linux ${rules}` : `Linux ${kernel}, by the rules of ${rules}`;
  const head = `Compaction of ${where} (${by}), for blocks of order ${outlook.order} (${sizeOf(outlook.order)}).`;
  const advice = report.source === 'live' ? ' Nothing was written; --commit asks the kernel for it.' : '';
  return [`${wrap(`${head}${advice}`, WIDTH)}`];
}

function runHead({ run }: HighOrderLiveReport, where: string, palette: Palette): string[] {
  const { outcome, hasEnded, path } = run!;
  const mark = outcome === 'done' ? palette.good('✓') : palette.bad(outcome === 'failed' ? '✗' : '◐');
  const still = hasEnded ? '' : ' The kernel has not let go of it yet.';
  return [`${mark} ${wrap(`${outcomeSentence(run!, where)} (${path}).${still}`, WIDTH - 2, '  ')}`];
}

/** How a run ended, without a full stop. */
export function outcomeSentence({ outcome, error, seconds }: CompactionRun, where: string): string {
  const time = `${seconds.toFixed(2)} s`;
  return {
    done: `The kernel compacted memory of ${where} in ${time}`,
    failed: `The kernel did not compact memory of ${where}: ${error}${remedyFor(error)}`,
    timeout: `Time was up after ${time}, and compaction of ${where} was ended; what has moved stays where it is`,
    interrupted: `Interrupted after ${time}: compaction of ${where} was ended; what has moved stays where it is`,
  }[outcome];
}

function remedyFor(error: string | null): string {
  return error === 'EACCES' || error === 'EPERM' ? ', run as root' : '';
}

const LEFT = ['', 'left'] as const;
const right = (title: string) => [title, 'right'] as const;

function zoneLines({ outlook }: HighOrderLiveReport, palette: Palette): string[] {
  const { zones, lowerBound, best } = outlook;
  const row = (zone: ZoneOutlook) => [
    `${zone.node} ${zone.kind}`,
    formatCount(zone.freeBefore),
    formatCount(zone.freeAfter),
    formatCount(zone.pagesMigrated),
    formatCount(zone.lowerBound),
    formatCount(zone.scanned.migrate),
    formatCount(zone.scanned.free),
  ];
  const sum = (value: (zone: ZoneOutlook) => number) => formatCount(zones.reduce((all, zone) => all + value(zone), 0));
  const all = [
    'all',
    sum((zone) => zone.freeBefore),
    sum((zone) => zone.freeAfter),
    sum((zone) => zone.pagesMigrated),
    formatCount(lowerBound),
    sum((zone) => zone.scanned.migrate),
    sum((zone) => zone.scanned.free),
  ];
  const moved = zones.reduce((pages, { pagesMigrated }) => pages + pagesMigrated, 0);
  const bytes = formatBytes(moved * PAGE_SIZE);
  const taken =
    best.pagesReclaimed === 0 ? '' : ` and taking ${countOf(best.pagesReclaimed, 'page')} from their owners`;
  return [
    table(
      palette,
      [
        ['node and zone', 'left'],
        right('free now'),
        right('after'),
        right('pages moved'),
        right('least'),
        right('scanned up'),
        right('and down'),
      ],
      zones.length > 1 ? [...zones.map(row), all] : zones.map(row),
    ),
    palette.dim('  least: moves that nobody can do with fewer, for as many blocks'),
    `  ${wrap(
      `It copies ${bytes}. The best plan (vacate's merged) would make ${countOf(best.made, 'block')}, moving ` +
        `${countOf(best.pagesMigrated, 'page')}${taken}.`,
      WIDTH - 2,
      '  ',
    )}`,
  ];
}

function blockLines({ outlook }: HighOrderLiveReport, palette: Palette): string[] {
  const { blocks } = outlook;
  const { asked, now, afterCompaction, afterDropCaches, pagesDropped, direct } = blocks;
  const gain = afterDropCaches - afterCompaction;
  const rows = [
    ['now', formatCount(now), 'on free lists, above the watermarks'],
    ['after compaction', formatCount(afterCompaction), difference(afterCompaction - now)],
    [
      'after drop_caches and it',
      formatCount(afterDropCaches),
      `${difference(gain)}; ${countOf(pagesDropped, 'page')} of clean cache dropped`,
    ],
    ...(direct === null
      ? []
      : [[`${formatCount(asked as number)}, each compacting`, formatCount(direct.got), directText(blocks)]]),
  ];
  const lines = [table(palette, [LEFT, right(''), LEFT], rows)];
  if (direct?.because != null) lines.push(`    ${wrap(direct.because, WIDTH - 4, '    ')}`);
  return lines;
}

function directText({ direct, asked }: BlocksToBeHad): string {
  const all = direct!.got >= (asked as number) ? 'all of them' : 'no more';
  return `${all}; ${countOf(direct!.pagesMigrated, 'page')} moved`;
}

function difference(blocks: number): string {
  return blocks < 0 ? `${formatCount(-blocks)} fewer` : `${formatCount(blocks)} more`;
}

function limitLines({ machine, outlook }: HighOrderLiveReport, palette: Palette): string[] {
  const { zones, order, blocks } = outlook;
  const nr = (value: 'free' | 'movable' | 'busy' | 'barred') =>
    zones.reduce((sum, { census }) => sum + census[value], 0);
  const all = nr('free') + nr('movable') + nr('busy') + nr('barred');
  const wish = blocks.asked === 'all' ? all : blocks.asked;
  const size = sizeOf(order);
  const summary =
    `After compaction ${formatCount(blocks.afterCompaction)} of ${formatCount(wish)} blocks of ${size}. Of ` +
    `${formatCount(all)} that memory has, ${formatCount(nr('barred'))} hold pages that nothing moves, ` +
    `${formatCount(nr('busy'))} pages that are locked, pinned or being written; what stands in the others needs room.`;
  const lines = [`  ${wrap(summary, WIDTH - 2, '  ')}`];
  const first = barredFirst(zones).slice(0, BARRED);
  if (first.length === 0) return lines;
  const rows = first.map((range) => [
    formatAddress(range.start),
    `memory${Math.floor(range.start / machine.spec.blockPages)}`,
    machine.spec.zones[range.zone]!.kind,
    kindsText(range.byKind),
  ]);
  lines.push(
    table(
      palette,
      [
        ['address', 'left'],
        ['in', 'left'],
        ['zone', 'left'],
        ['pages that nothing moves, fewest first', 'left'],
      ],
      rows,
    ),
  );
  const rest = nr('barred') - first.length;
  if (rest > 0) lines.push(palette.dim(`  and ${formatCount(rest)} more; in all ${kindsText(totalKinds(zones))}`));
  return lines;
}

function totalKinds(zones: readonly ZoneOutlook[]): Uint32Array {
  const counts = newCounts();
  for (const { census } of zones)
    for (const [kind, pages] of census.byKind.entries()) counts[kind] = counts[kind]! + pages;
  return counts;
}

/** "17 slab, 3 page tables", most first, as far as a line has room. */
export function kindsText(counts: Uint32Array): string {
  const kinds = [...counts.entries()].filter(([, pages]) => pages > 0).sort((a, b) => b[1] - a[1]);
  const named = kinds.slice(0, 3).map(([kind, pages]) => `${formatCount(pages)} ${PAGE_KINDS[kind]!.label}`);
  return kinds.length > 3 ? `${named.join(', ')} …` : named.join(', ');
}

/** What was forecast and what the kernel counted, a row a number. */
export function comparedRows(report: HighOrderLiveReport): [what: string, forecast: string, measured: string][] {
  const { outlook, run } = report;
  const { counted } = run!;
  const sum = (value: (zone: ZoneOutlook) => number) => outlook.zones.reduce((all, zone) => all + value(zone), 0);
  const zones = measuredZones(report);
  const number = (value: number | null | undefined) => (value == null ? 'not told' : formatCount(value));
  const total = (value: (zone: MeasuredZone) => number | null) => number(sumOf(zones, value));
  return [
    ['pages moved', formatCount(sum((zone) => zone.pagesMigrated)), number(counted?.pgmigrate_success)],
    ['moves that failed', '', number(counted?.pgmigrate_fail)],
    [
      'looked at for moving',
      formatCount(sum((zone) => zone.scanned.migrate)),
      number(counted?.compact_migrate_scanned),
    ],
    ['looked at for room', formatCount(sum((zone) => zone.scanned.free)), number(counted?.compact_free_scanned)],
    ['free blocks before', formatCount(sum((zone) => zone.freeBefore)), total((zone) => zone.freeBefore)],
    ['free blocks after', formatCount(sum((zone) => zone.freeAfter)), total((zone) => zone.freeAfter)],
  ];
}

/** Null if the kernel tells of no zone. */
export function sumOf(zones: readonly MeasuredZone[], value: (zone: MeasuredZone) => number | null): number | null {
  return zones.length === 0 ? null : zones.reduce((all, zone) => all + (value(zone) ?? 0), 0);
}

function runLines(report: HighOrderLiveReport, palette: Palette): string[] {
  const { ageSeconds } = report;
  const hidden = sumOf(measuredZones(report), (zone) => zone.perCpuAfter);
  const lines = [table(palette, [LEFT, right('forecast'), right('measured')], comparedRows(report))];
  if (hidden !== null && hidden > 0)
    lines.push(
      `  ${wrap(
        `${countOf(hidden, 'free page')} lie on per-CPU lists, which compaction does not drain: blocks that they ` +
          'belong to are whole, but not counted.',
        WIDTH - 2,
        '  ',
      )}`,
    );
  if (ageSeconds >= 1)
    lines.push(
      `  ${wrap(
        `The forecast is of memory as it was ${ageSeconds.toFixed(0)} s earlier; others have used it since, and so has vacate.`,
        WIDTH - 2,
        '  ',
      )}`,
    );
  return lines;
}
