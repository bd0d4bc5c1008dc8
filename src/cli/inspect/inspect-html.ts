import type { PageOwners } from '../../mm/page-owners.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS, usedIn } from '../../picture/page-kinds.js';
import { barChart, type Stack, stackedChart } from '../../report/charts.js';
import { factsHtml } from '../../report/facts.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { drawMaps, mapStyle, mapsHtml, swatchColour } from '../../report/map-figure.js';
import { htmlPage } from '../../report/page.js';
import { unusableIndex } from '../fragmentation.js';
import { axisOf, orderChart } from '../html/order-chart.js';
import { ownersHtml } from '../html/owners-html.js';
import { formatBlocks } from '../parse-blocks.js';
import { version } from '../version.js';
import { countOf, formatAddress, formatCount, formatShare } from '../wording.js';
import { bytesOf, freeIn, type InspectReport } from './inspect-report.js';
import { CAVEATS_TITLE, largestKinds } from './inspect-text.js';

/** More blocks than this nobody reads one by one. */
const BLOCKS_MAX = 512;
const HUGE_ORDER = 9;

/** The report as a page that needs nothing but a browser; everything that came from outside is text in it. */
export function inspectHtml(report: InspectReport, owners: PageOwners | null): string {
  const { machine, caveats, source, seed } = report.open;
  const { name, nrCpus, kernel } = machine.spec;
  const origin = { capture: 'A capture', live: 'A host', scenario: `A scenario, seed ${seed}` }[source];
  const running = kernel ? `, Linux ${kernel}` : '';
  const lead = `${origin}${running}, ${countOf(nrCpus, 'CPU')}. Made by vacate ${version()} inspect.`;
  const body = [
    `<p class="lead">${escapeHtml(lead)}</p>`,
    factsHtml(facts(report)),
    mapsHtml([drawMaps(machine, 'Physical memory')]),
    `<div class="charts">\n${charts(report).join('\n')}\n</div>`,
    section('Zones', zoneTable(report)),
    ...(report.nodes.length > 1 ? [section('Nodes', nodeTable(report))] : []),
    ...(report.dimms.length > 0 ? [section('DIMMs', dimmTable(report))] : []),
    ...(owners === null ? [] : [section('Whose pages', ownersHtml(owners, usedPages(report)))]),
    section('Memory blocks', blockTable(report)),
    ...(caveats.length === 0 ? [] : [section(CAVEATS_TITLE[source], listOf(caveats))]),
  ];
  return htmlPage({ title: `${name}: memory`, heading: name, body: body.join('\n'), style: mapStyle });
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}

function listOf(sentences: readonly string[]): string {
  return `<ul>\n${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('\n')}\n</ul>`;
}

function facts(report: InspectReport) {
  const { lsmem, zones, blocks } = report;
  const present = zones.reduce((sum, zone) => sum + zone.present, 0);
  const free = zones.reduce((sum, { kinds }) => sum + freeIn(kinds), 0);
  const huge = zones.reduce((sum, { freeBlocks }) => sum + hugeBlocks(freeBlocks), 0);
  const offline = lsmem.offlineBytes === 0 ? {} : { remark: `${formatBytes(lsmem.offlineBytes)} offline` };
  return [
    { name: 'Memory online', value: formatBytes(bytesOf(report)), ...offline },
    { name: 'In use', value: formatShare(present - free, present), remark: formatPages(present - free) },
    { name: 'Free', value: formatPages(free), remark: `in ${countOf(free, 'page')}` },
    {
      name: 'Free huge pages',
      value: formatCount(huge),
      remark: `${formatShare(huge * 2 ** HUGE_ORDER, free)} of free memory lies in blocks of order 9 and above`,
    },
    { name: 'Memory blocks', value: formatCount(blocks.length), remark: `of ${formatBytes(lsmem.blockBytes)}` },
  ];
}

/** Free blocks of order 9, larger ones as several. */
function hugeBlocks(freeBlocks: readonly number[]): number {
  return freeBlocks.reduce(
    (sum, blocks, order) => sum + (order < HUGE_ORDER ? 0 : blocks * 2 ** (order - HUGE_ORDER)),
    0,
  );
}

function charts({ zones }: InspectReport): string[] {
  const kinds = zones.map(
    ({ name, kinds: counts }): Stack => ({
      label: name,
      parts: new Map(
        PAGE_KINDS.flatMap(({ label }, kind) =>
          kind === KIND_HOLE || counts[kind] === 0 ? [] : [[label, counts[kind]!] as const],
        ),
      ),
    }),
  );
  const orders = zones.map(({ name, freeBlocks }) => ({ label: name, free: freeBlocks }));
  const all = zones.reduce<number[]>((sum, zone) => zone.freeBlocks.map((blocks, at) => blocks + (sum[at] ?? 0)), []);
  const unusable = all.map((_, order) => ({
    label: `order ${order}, ${formatPages(2 ** order)}`,
    estimate: { mean: unusableIndex(all, order), low: null, high: null },
    isBest: false,
    bound: null,
  }));
  const kindColour = (label: string) =>
    swatchColour(
      'type',
      PAGE_KINDS.findIndex((kind) => kind.label === label),
    );
  return [
    figure('What memory holds', 'Pages by type, zone by zone.', (title) =>
      hasNone(kinds)
        ? null
        : stackedChart(
            title,
            kinds,
            axisOf(kinds),
            kindColour,
            PAGE_KINDS.map(({ label }) => label),
          ),
    ),
    figure('Free memory by order', 'Each zone’s free lists: how much lies in blocks of which size.', (title) =>
      orderChart(title, orders),
    ),
    figure(
      'Out of reach',
      'The part of free memory that lies in blocks smaller than an allocation of this order needs; shorter is better.',
      (title) =>
        all.some((blocks) => blocks > 0)
          ? barChart(title, unusable, { format: (value) => `${Math.round(100 * value)}%`, limit: 1 })
          : null,
    ),
  ];
}

function hasNone(stacks: readonly Stack[]): boolean {
  return stacks.every(({ parts }) => parts.size === 0);
}

/** `draw` gives null where there is nothing to draw. */
function figure(heading: string, how: string, draw: (title: string) => string | null): string {
  const caption = `<figcaption><b>${heading}.</b> ${how}</figcaption>`;
  return `<figure>${caption}${draw(heading) ?? '<p>There is none.</p>'}</figure>`;
}

function zoneTable({ zones }: InspectReport): string {
  return htmlTable(
    ['zone', 'from', 'present', 'managed', 'free', 'min', 'low', 'high', 'in use'],
    zones.map(({ name, start, present, managed, kinds, watermarks }) => [
      escapeHtml(name),
      `<code>${formatAddress(start)}</code>`,
      ...[present, managed, freeIn(kinds), watermarks.min, watermarks.low, watermarks.high].map(formatCount),
      formatShare(usedIn(kinds), present),
    ]),
    2,
  );
}

function nodeTable({ nodes }: InspectReport): string {
  return htmlTable(
    ['node', 'memory', 'free', 'in use'],
    nodes.map(({ node, present, kinds }) => [
      `${node}`,
      formatPages(present),
      formatPages(freeIn(kinds)),
      formatShare(usedIn(kinds), present),
    ]),
    1,
  );
}

function dimmTable({ dimms }: InspectReport): string {
  return htmlTable(
    ['DIMM', 'blocks', 'from', 'node', 'size', 'blocks online', 'in use'],
    dimms.map(({ name, node, start, end, blocks, online, kinds }) => [
      escapeHtml(name),
      formatBlocks(blocks),
      `<code>${formatAddress(start)}</code>`,
      `${node}`,
      formatPages(end - start),
      `${online} of ${blocks.length}`,
      formatShare(usedIn(kinds), usedIn(kinds) + freeIn(kinds)),
    ]),
    3,
  );
}

function blockTable({ blocks, lsmem }: InspectReport): string {
  const rows = blocks
    .slice(0, BLOCKS_MAX)
    .map(({ block, state, zone, dimm, kinds, removable }) => [
      `${block}`,
      escapeHtml(state),
      escapeHtml(zone ?? '–'),
      escapeHtml(dimm ?? '–'),
      removable === null ? '–' : removable ? 'yes' : 'no',
      escapeHtml(largestKinds(kinds)),
      formatShare(usedIn(kinds), usedIn(kinds) + kinds[KIND_FREE]!),
    ]);
  const rest = blocks.length - rows.length;
  const more = rest > 0 ? `<p>And ${countOf(rest, 'more block')}; <code>--json</code> lists them all.</p>` : '';
  const table = htmlTable(['block', 'state', 'zone', 'DIMM', 'removable', 'of what kind', 'in use'], rows, 6);
  return `<p>Of ${formatBytes(lsmem.blockBytes)} each.</p>\n${table}${more}`;
}

function* usedPages({ open }: InspectReport): Generator<number> {
  const { flags } = open.machine;
  for (let pfn = 0; pfn < flags.length; pfn++) if (flags[pfn] !== 0) yield pfn;
}
