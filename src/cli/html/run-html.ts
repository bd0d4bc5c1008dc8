import type { RefusalCount } from '../../migration/migration-report.js';
import type { PageOwners } from '../../mm/page-owners.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import type { MapSource } from '../../picture/map-rows.js';
import { PAGE_KINDS } from '../../picture/page-kinds.js';
import { pagesAxis, type Stack, stackedChart } from '../../report/charts.js';
import { type Fact, factsHtml } from '../../report/facts.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { type DrawnMaps, drawMaps, mapStyle, mapsHtml, swatchColour } from '../../report/map-figure.js';
import { htmlPage } from '../../report/page.js';
import type { BlockResult, JobOutcome, Moves } from '../../strategies/strategy.js';
import type { Account } from '../account.js';
import { version } from '../version.js';
import { countOf, formatCount, formatNs, formatPfns } from '../wording.js';
import { type MovesByRegion, movesByRegion } from './moves-by-region.js';
import { ownersHtml } from './owners-html.js';
import { section } from './section.js';

/** What is told of what a run cost. */
export type ShownAccount = Pick<
  Account,
  'pagesMigrated' | 'bytesMigrated' | 'pagesReclaimed' | 'movedByKind' | 'pagesRetried' | 'virtualNs' | 'contents'
> & {
  /** Null where nobody counts them. */
  readonly waits: number | null;
};

/** What a run came to, in the words of its command. */
export interface RunOutcome {
  readonly command: 'offline' | 'high-order';
  readonly outcome: JobOutcome;
  /** "Offline: blocks 12-15 of two-dimms (64 MiB)". */
  readonly heading: string;
  readonly strategy: string;
  readonly seed: number | null;
  /** What only this command has to say, before what every run has. */
  readonly facts: readonly Fact[];
  readonly account: ShownAccount;
  readonly refusals: readonly RefusalCount[];
  readonly blocks: readonly BlockResult[];
  readonly moved: Moves;
  readonly owners: PageOwners | null;
  readonly caveats: readonly string[];
}

/** More rows than this nobody reads. */
const ROWS_MAX = 256;
/** So many bars fit a chart. */
const BARS_MAX = 32;
const PFNS = 8;
const OUTCOMES = { done: 'Done', partial: 'In part', refused: 'Refused' } as const;

/** The map before the run, which has to be drawn then; and the report when the run is over. */
export class RunHtml {
  readonly #before: DrawnMaps;

  constructor(
    private readonly name: string,
    source: MapSource,
  ) {
    this.#before = drawMaps(source, 'Before');
  }

  /** A page that needs nothing but a browser; everything that came from outside is text in it. */
  finish(run: RunOutcome, after: MapSource): string {
    const { name } = this;
    const chance = run.seed === null ? '' : `, seed ${run.seed}`;
    const lead = `On ${name}${chance}, by ${run.strategy}. Made by vacate ${version()} ${run.command}.`;
    const moves = movesByRegion(after, run.moved);
    const body = [
      `<p class="lead">${escapeHtml(lead)}</p>`,
      factsHtml([{ name: 'Outcome', value: OUTCOMES[run.outcome] }, ...run.facts, ...accountFacts(run)]),
      verifiedHtml(run.account),
      mapsHtml([this.#before, drawMaps(after, 'After')]),
      section('Why not', run.refusals.length === 0 ? '' : refusalTable(run.refusals)),
      section('Whose pages refuse', refusedOwners(run)),
      section('What moved', movedHtml(run.account, moves)),
      section('Memory blocks', run.blocks.length === 0 ? '' : blockTable(run.blocks)),
      section('What is not known', listOf(run.caveats)),
    ];
    const title = `${run.command}: ${name}`;
    return htmlPage({
      title,
      heading: run.heading,
      body: body.filter((part) => part !== '').join('\n'),
      style: mapStyle,
    });
  }
}

function listOf(sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<ul>\n${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('\n')}\n</ul>`;
}

function accountFacts({ account, refusals }: RunOutcome): Fact[] {
  const refused = refusals.reduce((sum, { pages }) => sum + pages, 0);
  const reclaimed = account.pagesReclaimed;
  return [
    { name: 'Pages moved', value: formatCount(account.pagesMigrated), remark: formatBytes(account.bytesMigrated) },
    ...(refused === 0 ? [] : [{ name: 'Pages refused', value: formatCount(refused) }]),
    ...(reclaimed === 0 ? [] : [{ name: 'Pages reclaimed', value: formatCount(reclaimed), remark: 'to make room' }]),
    {
      name: 'Virtual time',
      value: formatNs(account.virtualNs),
      remark: [
        countOf(account.pagesRetried, 'retry').replace('retrys', 'retries'),
        ...(account.waits === null ? [] : [countOf(account.waits, 'wait')]),
      ].join(', '),
    },
  ];
}

function verifiedHtml({ contents: { pages, wrong, firstWrong } }: ShownAccount): string {
  if (wrong === 0)
    return `<p><span class="good">✓</span> All ${countOf(pages, 'page')} read back what was written to them before the run.</p>`;
  const text = `${formatCount(wrong)} of ${countOf(pages, 'page')} read something else now, first ${firstWrong}. This is a bug in vacate; please report it.`;
  return `<p class="bad">✗ ${escapeHtml(text)}</p>`;
}

function refusalTable(refusals: readonly RefusalCount[]): string {
  const rows = refusals.map(({ reason, handler, kind, because, pages, pfns }) => [
    `<b>${escapeHtml(reason)}</b><br><small>${escapeHtml(handler)}</small>`,
    formatCount(pages),
    kind === 'retry' ? 'may pass' : 'permanent',
    escapeHtml(because),
    `<code>${escapeHtml(formatPfns(pfns, pages, PFNS))}</code>`,
  ]);
  return htmlTable(['reason', 'pages', '', 'because', 'page frames'], rows, 5).replace(
    /<td>([^<]*)<\/td><td><code>/g,
    '<td class="wide">$1</td><td class="wide"><code>',
  );
}

/** Of the pages that the report names; there may be more. */
function refusedOwners({ owners, refusals }: RunOutcome): string {
  const pfns = refusals.flatMap((refusal) => refusal.pfns);
  return owners === null || pfns.length === 0 ? '' : ownersHtml(owners, pfns);
}

function movedHtml({ movedByKind, pagesMigrated }: ShownAccount, { regions, rows }: MovesByRegion): string {
  if (pagesMigrated === 0) return '';
  const kinds = [...movedByKind.entries()]
    .filter(([, pages]) => pages > 0)
    .sort((a, b) => b[1] - a[1])
    .map(
      ([kind, pages]): Stack => ({
        label: PAGE_KINDS[kind]!.label,
        parts: new Map([[PAGE_KINDS[kind]!.label, pages]]),
      }),
    );
  const kindColour = (label: string) =>
    swatchColour(
      'type',
      PAGE_KINDS.findIndex((kind) => kind.label === label),
    );
  const byKind = stackedChart('Pages moved by type', kinds, pagesAxis(Math.max(...movedByKind)), kindColour);
  const figures = [figure('By type', 'How much of each kind of page moved.', byKind)];
  if (rows.length > 0) {
    const busiest = [...rows].sort((a, b) => b.pages - a.pages).slice(0, BARS_MAX);
    const stacks = rows
      .filter((row) => busiest.includes(row))
      .map(({ from, to }): Stack => ({ label: from, parts: new Map(to.map((pages, at) => [regions[at]!, pages])) }))
      .map(({ label, parts }) => ({ label, parts: new Map([...parts].filter(([, pages]) => pages > 0)) }));
    const axis = pagesAxis(Math.max(...busiest.map(({ pages }) => pages)));
    figures.push(
      figure(
        'From where to where',
        'A bar a memory block, by where its pages went.',
        stackedChart('Moves', stacks, axis),
      ),
    );
  }
  return `<div class="charts">\n${figures.join('\n')}\n</div>${moveTable({ regions, rows })}`;
}

function figure(heading: string, how: string, drawn: string): string {
  return `<figure><figcaption><b>${heading}.</b> ${how}</figcaption>${drawn}</figure>`;
}

function moveTable({ regions, rows }: MovesByRegion): string {
  if (rows.length === 0) return '';
  const body = rows
    .slice(0, ROWS_MAX)
    .map(({ from, to, pages }) => [escapeHtml(from), ...to.map(formatCount), formatCount(pages), formatPages(pages)]);
  const head = ['pages from', ...regions.map((region) => `to ${escapeHtml(region)}`), 'in all', 'size'];
  return htmlTable(head, body, 1) + restHtml(rows.length - body.length, 'more block');
}

function blockTable(blocks: readonly BlockResult[]): string {
  const rows = blocks
    .slice(0, ROWS_MAX)
    .map(({ block, state, pagesMigrated, refusals }) => [
      `${block}`,
      escapeHtml(state),
      refusals.map(({ reason, pages }) => `${formatCount(pages)} ${escapeHtml(reason)}`).join(', '),
      formatCount(pagesMigrated),
    ]);
  return htmlTable(['block', 'state', 'stays', 'moved'], rows, 3) + restHtml(blocks.length - rows.length, 'more block');
}

function restHtml(rest: number, what: string): string {
  return rest > 0 ? `<p>And ${countOf(rest, what)}; <code>--json</code> lists them all.</p>` : '';
}
