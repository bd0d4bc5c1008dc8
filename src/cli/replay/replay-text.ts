import { formatBytes, formatPages, formatPfn, type Pfn } from '../../mm/units.js';
import type { Replay } from '../../recording/replay.js';
import { drawMap } from '../memory-map.js';
import type { Palette } from '../palette.js';
import { refusalText } from '../refusal-text.js';
import { table } from '../tables.js';
import { countOf, formatCount, wrap } from '../wording.js';
import type { RecordingSource } from './recording-source.js';
import { pageByteText, pageMomentText, rangeEventText, timeText } from './replay-words.js';

const WIDTH = 80;
/** Range events that are named, from the beginning and from the end. */
const NAMED = 12;
/** Columns of a fact beside its name. */
const FACT_WIDTH = 64;
/** Columns of a range event beside its time and its place. */
const EVENT_WIDTH = 54;

/** What a recorded run was, and how memory stood where the replay stands. */
export function replayText(source: RecordingSource, palette: Palette): string[] {
  const { replay } = source;
  const lines = [...headText(source, palette), ''];
  if (!replay.isReady) return lines;
  if (replay.rangeEvents.length > 0) lines.push(palette.bold('What happened'), rangeEventsText(replay, palette), '');
  const { refusals } = replay;
  if (refusals.length > 0) {
    const counted = refusals.map((refusal) => ({ ...refusal, pfns: [] }));
    lines.push(palette.bold('Why not'), ...refusalText(counted, palette), '');
  }
  const { lines: map, legend } = drawMap(mapOf(replay), { palette });
  return [...lines, palette.bold(`Memory ${whereText(replay)}`), ...map, ...legend];
}

function headText({ replay, nrBytes, isCutOff }: RecordingSource, palette: Palette): string[] {
  const { header, end, nrEvents } = replay;
  if (header === null) return [`${palette.bad('✗')} The recording breaks off before it says what was done.`];
  const { machine, seed, strategy, command, by } = header;
  const from = [machine.source, ...(seed === null ? [] : [`seed ${seed}`])].join(', ');
  const perEvent = nrEvents === 0 ? '' : `, ${(nrBytes / nrEvents).toFixed(2)} bytes a page event`;
  const rows: [string, string][] = [
    ['machine', `${machine.name} (${from}), ${formatPages(machine.nrPfns)} of page frames`],
    ['strategy', strategy ?? 'none'],
    ['recorded', `by vacate ${by}, ${formatBytes(nrBytes)}${perEvent}`],
    ['page events', `${formatCount(nrEvents)} in ${timeText(replay.msTotal)}`],
  ];
  if (end !== null) rows.push(['ended', `${end.outcome}, pages hash to ${end.hash}`]);
  const lines = [
    palette.bold(wrap(command.length === 0 ? 'A picture of memory' : `vacate ${command.join(' ')}`, WIDTH)),
    table(
      palette,
      [
        ['', 'left'],
        ['', 'left'],
      ],
      rows.map(([name, fact]) => [name, wrap(fact, FACT_WIDTH)]),
    ),
  ];
  if (isCutOff)
    lines.push(
      `${palette.bad('✗')} ${wrap('The recording has no end: the run goes on, or was cut off. This is how far it got.', 78, '  ')}`,
    );
  return lines;
}

function rangeEventsText({ rangeEvents }: Replay, palette: Palette): string {
  const rows: string[][] = [];
  for (const [at, { ms, pageEvents, event }] of rangeEvents.entries()) {
    const isNamed = at < NAMED || at >= rangeEvents.length - NAMED;
    if (isNamed)
      rows.push([`${at + 1}`, timeText(ms), formatCount(pageEvents), wrap(rangeEventText(event), EVENT_WIDTH)]);
    else if (at === NAMED) rows.push(['…', '', '', `${formatCount(rangeEvents.length - 2 * NAMED)} more`]);
  }
  return table(
    palette,
    [
      ['range', 'right'],
      ['at', 'right'],
      ['events', 'right'],
      ['', 'left'],
    ],
    rows,
  );
}

/** Where a replay stands, as a part of a sentence. */
export function whereText(replay: Replay): string {
  if (replay.moment === replay.length) return replay.end === null ? 'where the recording breaks off' : 'at the end';
  if (replay.moment === 0) return 'in the beginning';
  return `after ${countOf(replay.event, 'page event')} of ${formatCount(replay.nrEvents)}, ${timeText(replay.ms)}`;
}

/** What a map is drawn of. */
export function mapOf(replay: Replay) {
  const { nrPfns, blockPages, dimms } = replay.header!.machine;
  return { bytes: replay.pages, blockState: replay.blockStates, spec: { nrPfns, blockPages, dimms } };
}

/** So many events of one page are printed. */
const PAGE_EVENTS = 100;

/** What became of one page in the whole run. */
export function pageText(replay: Replay, pfn: Pfn, palette: Palette): string[] {
  const moments = replay.eventsOf(pfn, PAGE_EVENTS + 1);
  const lines = [palette.bold(`${formatPfn(pfn)}, ${whereText(replay)}: ${pageByteText(replay.pages[pfn]!)}`)];
  if (moments.length === 0) lines.push('  No event of the run names it.');
  for (const moment of moments.slice(0, PAGE_EVENTS)) {
    const place = `event ${formatCount(moment.event)}, ${timeText(moment.ms)}:`;
    lines.push(`  ${wrap(`${place} ${pageMomentText(moment, pfn)}`, WIDTH - 2, '    ')}`);
  }
  if (moments.length > PAGE_EVENTS) lines.push(`  … and more than ${PAGE_EVENTS} in all; --json has them`);
  return lines;
}
