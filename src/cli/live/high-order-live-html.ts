import type { CompactionRun } from '../../linux/compact-memory.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Fact } from '../../report/facts.js';
import { factsHtml } from '../../report/facts.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { type DrawnMaps, drawMaps, mapStyle, mapsHtml } from '../../report/map-figure.js';
import { htmlPage } from '../../report/page.js';
import { type FreeByOrder, orderChart } from '../html/order-chart.js';
import { section } from '../html/section.js';
import { version } from '../version.js';
import { formatAddress, formatCount } from '../wording.js';
import { rangesOf } from './compaction-sight.js';
import { barredFirst, measuredZones } from './high-order-live-json.js';
import type { HighOrderLiveReport } from './high-order-live-report.js';
import { comparedRows, kindsText, outcomeSentence, sizeOf, sumOf } from './high-order-live-text.js';
import type { LiveMemory } from './live-memory.js';

type Done = HighOrderLiveReport & { readonly run: CompactionRun };

const OUTCOMES = { done: 'Done', failed: 'Failed', timeout: 'Time was up', interrupted: 'Interrupted' } as const;
const NOT_READ_AGAIN = 'The pages were not read again after the run, so the map is of what was there before it.';

/** The map of a host before its kernel compacts memory, which has to be drawn then; and the report afterwards. */
export class HighOrderLiveHtml {
  readonly #before: DrawnMaps;
  readonly #only: readonly PfnRange[];

  constructor(
    private readonly memory: LiveMemory,
    node: number | null,
  ) {
    this.#only = rangesOf(memory, node);
    this.#before = drawMaps(memory.source, 'Before', this.#only);
  }

  /** A page that needs nothing but a browser; `isReadAgain` is false if `memory` is still what was there before. */
  finish(report: Done, isReadAgain: boolean): string {
    const { machine, node, run, kernel } = report;
    const where = `${machine.spec.name}${node === null ? '' : `, node ${node}`}`;
    const running = kernel === null ? '' : `, Linux ${kernel}`;
    const lead = `On the host ${machine.spec.name}${running}, by its own kernel. Made by vacate ${version()} high-order live.`;
    const maps = isReadAgain ? [this.#before, drawMaps(this.memory.source, 'After', this.#only)] : [this.#before];
    const caveats = isReadAgain ? report.caveats : [...report.caveats, NOT_READ_AGAIN];
    const body = [
      `<p class="lead">${escapeHtml(lead)}</p>`,
      factsHtml(factsOf(report)),
      mapsHtml(maps),
      chartHtml(report),
      section('What compaction did, beside what was forecast', comparedTable(report)),
      section('What limits it', limitsTable(report)),
      section('What is not known', listOf(caveats)),
    ];
    return htmlPage({
      title: `high-order: ${machine.spec.name}`,
      heading: outcomeSentence(run, where),
      body: body.filter((part) => part !== '').join('\n'),
      style: mapStyle,
    });
  }
}

function factsOf(report: Done): Fact[] {
  const { run, outlook } = report;
  const zones = measuredZones(report);
  const known = (value: number | null | undefined) => (value == null ? 'not told' : formatCount(value));
  const failed = run.counted?.pgmigrate_fail ?? 0;
  return [
    { name: 'Outcome', value: OUTCOMES[run.outcome] },
    {
      name: `Free blocks of ${sizeOf(outlook.order)}`,
      value: known(sumOf(zones, ({ freeAfter }) => freeAfter)),
      remark: `${known(sumOf(zones, ({ freeBefore }) => freeBefore))} before`,
    },
    {
      name: 'Pages moved',
      value: known(run.counted?.pgmigrate_success),
      remark: failed === 0 ? 'by the kernel’s count' : `${formatCount(failed)} tries failed`,
    },
    { name: 'Time', value: `${run.seconds.toFixed(2)} s` },
  ];
}

/** Two bars a zone: what the kernel counted before and after. */
function chartHtml({ run, node }: Done): string {
  const before = run.before.blocks ?? [];
  const bars = (run.after.blocks ?? [])
    .filter((row) => node === null || row.node === node)
    .flatMap(({ node: of, zone, free }): FreeByOrder[] => {
      const was = before.find((row) => row.node === of && row.zone === zone);
      const label = `node ${of}, ${zone}`;
      return [
        ...(was === undefined ? [] : [{ label: `${label} before`, free: was.free }]),
        { label: `${label} after`, free },
      ];
    });
  const title = 'Free memory by order';
  const drawn = bars.length === 0 ? null : orderChart(title, bars);
  if (drawn === null) return '';
  const how = 'What the kernel’s free lists held before and after: how much lies in blocks of which size.';
  return `<figure><figcaption><b>${title}.</b> ${how}</figcaption>${drawn}</figure>`;
}

function comparedTable(report: Done): string {
  const rows = comparedRows(report).map((row) => row.map(escapeHtml));
  return htmlTable(['', 'forecast', 'measured'], rows, 1);
}

/** Ranges that no compaction makes free, the least barred first. */
function limitsTable({ machine, outlook }: Done): string {
  const rows = barredFirst(outlook.zones).map((range) => [
    `<code>${formatAddress(range.start)}</code>`,
    `${Math.floor(range.start / machine.spec.blockPages)}`,
    escapeHtml(machine.spec.zones[range.zone]!.kind),
    escapeHtml(kindsText(range.byKind)),
  ]);
  if (rows.length === 0) return '';
  const barred = outlook.zones.reduce((sum, { census }) => sum + census.barred, 0);
  const rest = barred - rows.length;
  const more = rest > 0 ? `<p>And ${formatCount(rest)} more; <code>--json</code> has them all.</p>` : '';
  return htmlTable(['address', 'block', 'zone', 'pages that nothing moves, fewest first'], rows, 4) + more;
}

function listOf(sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<ul>\n${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('\n')}\n</ul>`;
}
