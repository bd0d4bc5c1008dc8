import { doorBytes, type FleetReport } from '../../fleet/fleet-report.js';
import type { HostRow } from '../../fleet/host-row.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import { barChart, pagesAxis } from '../../report/charts.js';
import { factsHtml } from '../../report/facts.js';
import { escapeHtml, htmlTable } from '../../report/html.js';
import { htmlPage } from '../../report/page.js';
import { countOf, formatCount, formatShare } from '../wording.js';
import type { FleetRecord } from './fleet-record.js';

/** Longer tables nobody reads; the files beside the report have all. */
const HOSTS_MAX = 500;
const REASONS_MAX = 12;

/** The answers as a page that needs nothing but a browser; everything that came from outside is text in it. */
export function fleetHtml({ vacate, jobs }: FleetRecord, report: FleetReport): string {
  const { need, oneWayDoors, reasons, failed } = report;
  const body = [
    `<p class="lead">${escapeHtml(`${countOf(jobs.length, 'capture')}. Made by vacate ${vacate} fleet forecast.`)}</p>`,
    factsHtml(factsOf(report)),
    ...(reasons.length === 0 ? [] : [section('What keeps blocks', reasonsHtml(report))]),
    ...(need === null
      ? []
      : [section(`Who can give ${formatBytes(need.askedBytes)} now`, needHtml(need.can, 'enough'))]),
    ...(need === null || need.cannot.length === 0 ? [] : [section('Who cannot', needHtml(need.cannot, 'at most'))]),
    ...(oneWayDoors.blocks === 0 ? [] : [section('One-way doors', doorsHtml(report))]),
    ...(failed.length === 0 ? [] : [section('Captures that could not be read', failedHtml(report))]),
  ];
  return htmlPage({ title: 'vacate fleet forecast', heading: 'What a fleet can give', body: body.join('\n') });
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}

function factsOf({ hosts, bytes, bytesWillGo, hugePages2M, hugePages1G, oneWayDoors, need }: FleetReport) {
  const asked =
    need === null
      ? []
      : [{ name: `Can give ${formatBytes(need.askedBytes)}`, value: countOf(need.can.length, 'host') }];
  return [
    { name: 'Hosts', value: formatCount(hosts), remark: formatBytes(bytes) },
    ...asked,
    { name: 'Would go, block by block', value: formatBytes(bytesWillGo), remark: formatShare(bytesWillGo, bytes) },
    {
      name: 'Without a free 2 MiB page',
      value: formatShare(hugePages2M.hostsWithoutFree, hosts),
      remark: countOf(hugePages2M.hostsWithoutFree, 'host'),
    },
    {
      name: 'Cannot form 2 MiB',
      value: formatShare(hugePages2M.stuck, hugePages2M.places),
      remark: formatBytes(hugePages2M.bytesStuck),
    },
    {
      name: 'Cannot form 1 GiB',
      value: formatShare(hugePages1G.stuck, hugePages1G.places),
      remark: formatBytes(hugePages1G.bytesStuck),
    },
    { name: 'One-way doors', value: formatBytes(oneWayDoors.bytes), remark: countOf(oneWayDoors.blocks, 'block') },
  ];
}

function reasonsHtml({ reasons }: FleetReport): string {
  const shown = reasons.slice(0, REASONS_MAX);
  const bars = shown.map(({ reason, pages }) => ({
    label: reason,
    estimate: { mean: pages, low: null, high: null },
    isBest: false,
    bound: null,
  }));
  const rows = reasons.map(({ reason, kind, pages, blocks, hosts }) => [
    escapeHtml(reason),
    kind === 'permanent' ? 'stays' : 'may pass',
    formatPages(pages),
    formatCount(blocks),
    formatCount(hosts),
  ]);
  return [
    barChart('Memory by what keeps it', bars, pagesAxis(Math.max(1, ...shown.map(({ pages }) => pages)))),
    htmlTable(['reason', '', 'memory', 'blocks', 'hosts'], rows, 2),
  ].join('\n');
}

function needHtml(hosts: readonly HostRow[], had: string): string {
  const rows = hosts
    .slice(0, HOSTS_MAX)
    .map(({ host, where, need }) => [
      escapeHtml(host),
      escapeHtml(where),
      formatBytes(need?.bytes ?? 0),
      formatBytes(need?.bytesToMove ?? 0),
      formatCount(need?.blocks.length ?? 0),
    ]);
  return htmlTable(['host', 'capture', had, 'to copy', 'blocks'], rows, 2) + left(hosts.length);
}

function doorsHtml({ oneWayDoors: { hosts } }: FleetReport): string {
  const rows = hosts
    .slice(0, HOSTS_MAX)
    .map((row) => [
      escapeHtml(row.host),
      escapeHtml(row.reasons.find(({ kind }) => kind === 'permanent')?.reason ?? ''),
      formatCount(row.oneWayDoors.length),
      formatBytes(doorBytes(row)),
    ]);
  return htmlTable(['host', 'most by', 'blocks', 'memory'], rows, 2) + left(hosts.length);
}

function failedHtml({ failed }: FleetReport): string {
  const rows = failed.slice(0, HOSTS_MAX).map(({ where, because }) => [escapeHtml(where), escapeHtml(because)]);
  return htmlTable(['capture', 'because'], rows, 2) + left(failed.length);
}

function left(nr: number): string {
  return nr > HOSTS_MAX ? `<p>And ${formatCount(nr - HOSTS_MAX)} more, in hosts.csv.</p>` : '';
}
