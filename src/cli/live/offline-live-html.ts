import { formatBytes } from '../../mm/units.js';
import { type Fact, factsHtml } from '../../report/facts.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { type DrawnMaps, drawMaps, mapStyle, mapsHtml } from '../../report/map-figure.js';
import { htmlPage } from '../../report/page.js';
import { section } from '../html/section.js';
import { formatBlocks } from '../parse-blocks.js';
import { version } from '../version.js';
import { countOf, formatCount, formatPfns } from '../wording.js';
import type { LiveMemory } from './live-memory.js';
import { attemptBecause } from './offline-live-because.js';
import { type Committed, type OfflineLiveReport, outcomeOf } from './offline-live-report.js';

/** More rows than this nobody reads. */
const ROWS_MAX = 256;
const PFNS = 8;

/** The map of a host before its kernel takes blocks offline, which has to be drawn then; and the report afterwards. */
export class OfflineLiveHtml {
  readonly #before: DrawnMaps;

  constructor(private readonly memory: LiveMemory) {
    this.#before = drawMaps(memory.source, 'Before');
  }

  /** A page that needs nothing but a browser; everything that came from outside is text in it. */
  finish(report: OfflineLiveReport & { readonly committed: Committed }): string {
    const { plan, committed } = report;
    const outcome = outcomeOf(report);
    const numbers = plan.blocks.map(({ block }) => block);
    const size = formatBytes(numbers.length * plan.blockBytes);
    const heading = `${outcome === 'done' ? 'Offline' : 'Taking offline'}: blocks ${formatBlocks(numbers)} of ${plan.machine} (${size})`;
    const lead = `On the host ${plan.machine}, by its own kernel. Made by vacate ${version()} offline live.`;
    const maps = this.memory.hasPages ? mapsHtml([this.#before, drawMaps(this.memory.source, 'After')]) : '';
    const body = [
      `<p class="lead">${escapeHtml(lead)}</p>`,
      factsHtml(factsOf(report, outcome)),
      maps,
      section('Why not', groupsTable(committed)),
      section('Memory blocks', blockTable(report)),
      section('What is not known', this.memory.hasPages ? '' : `<p>${escapeHtml(NO_PAGES)}</p>`),
    ];
    const parts = body.filter((part) => part !== '').join('\n');
    return htmlPage({ title: `offline: ${plan.machine}`, heading, body: parts, style: mapStyle });
  }
}

const NO_PAGES = 'This host does not show its pages, so there is no map of them.';

function factsOf({ plan, committed }: OfflineLiveReport & { readonly committed: Committed }, outcome: string): Fact[] {
  const sum = (of: 'pagesMigrated' | 'pagesFailed') =>
    committed.attempts.reduce((pages, attempt) => pages + (attempt[of] ?? 0), 0);
  const offline = [...committed.states.values()].filter((state) => state === 'offline').length;
  const failed = sum('pagesFailed');
  return [
    { name: 'Outcome', value: `${outcome[0]!.toUpperCase()}${outcome.slice(1)}` },
    { name: 'Blocks offline', value: `${offline} of ${plan.blocks.length}` },
    {
      name: 'Pages moved',
      value: formatCount(sum('pagesMigrated')),
      remark: failed === 0 ? 'by the kernel’s count' : `${formatCount(failed)} tries failed`,
    },
    { name: 'Time', value: `${committed.seconds.toFixed(1)} s` },
  ];
}

/** Pages that the kernel named, by what keeps them. */
function groupsTable({ explanation }: Committed): string {
  const groups = (explanation ?? []).flatMap((attempt) => attempt.groups);
  const rows = groups
    .slice(0, ROWS_MAX)
    .map(({ verdict, type, pages, likelyHolder, advice, pfns }) => [
      `<b>${escapeHtml(verdict)}</b><br><small>${escapeHtml(type)}</small>`,
      formatCount(pages),
      escapeHtml(likelyHolder),
      escapeHtml(advice),
      `<code>${escapeHtml(formatPfns(pfns, pages, PFNS))}</code>`,
    ]);
  return rows.length === 0 ? '' : htmlTable(['held by', 'pages', 'likely', 'what to do', 'page frames'], rows, 5);
}

function blockTable(report: OfflineLiveReport & { readonly committed: Committed }): string {
  const { plan, committed, bounds } = report;
  const tried = new Map(committed.attempts.map((attempt) => [attempt.block, attempt]));
  const pagesOf = (pages: number | null | undefined) => (pages == null ? '–' : formatCount(pages));
  const rows = plan.blocks.slice(0, ROWS_MAX).map(({ block }) => {
    const attempt = tried.get(block);
    const because = attempt === undefined ? 'not tried' : (attemptBecause(attempt, bounds) ?? '');
    return [
      `${block}`,
      escapeHtml(committed.states.get(block) ?? ''),
      escapeHtml(because),
      pagesOf(attempt?.pagesBefore),
      pagesOf(attempt?.pagesLeft),
    ];
  });
  const rest = plan.blocks.length - rows.length;
  const more = rest > 0 ? `<p>And ${countOf(rest, 'more block')}; <code>--json</code> lists them all.</p>` : '';
  return htmlTable(['block', 'state', 'because', 'pages before', 'pages left'], rows, 3) + more;
}
