import { printable } from '../../base/quoted.js';
import { doorBytes, type FleetFormable, type FleetNeed, type FleetReport } from '../../fleet/fleet-report.js';
import { formatBytes, formatPages } from '../../mm/units.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf, formatCount, formatShare, wrap } from '../wording.js';

/** So many hosts of a list are shown; files have all. */
const HOSTS_MAX = 12;
const NAME_WIDTH = 30;

/** What a fleet can give, what keeps the rest, and which hosts could not be asked. */
export function fleetText(report: FleetReport, palette: Palette): string {
  return [
    overview(report),
    ...(report.need === null ? [] : [needText(report.need, palette)]),
    hugeText(report, palette),
    ...(report.oneWayDoors.blocks === 0 ? [] : [doorsText(report, palette)]),
    ...(report.reasons.length === 0 ? [] : [reasonsText(report, palette)]),
    ...(report.failed.length === 0 ? [] : [failedText(report, palette)]),
  ].join('\n\n');
}

function overview({ hosts, bytes, bytesFree, blocksOnline, blocksWillGo, bytesWillGo }: FleetReport): string {
  return [
    `${countOf(hosts, 'host')}, ${formatBytes(bytes)} online, ${formatBytes(bytesFree)} free (${formatShare(bytesFree, bytes)})`,
    `${formatCount(blocksWillGo)} of ${countOf(blocksOnline, 'memory block')} will go, each alone: ${formatBytes(bytesWillGo)}`,
  ].join('\n');
}

function needText({ askedBytes, can, cannot, bytesToMove }: FleetNeed, palette: Palette): string {
  const all = can.length + cannot.length;
  const lines = [
    palette.bold(`${formatCount(can.length)} of ${countOf(all, 'host')} can give ${formatBytes(askedBytes)} now`),
  ];
  if (can.length > 0) {
    const rows = can
      .slice(0, HOSTS_MAX)
      .map(({ host, need }) => [shortened(host), formatBytes(need!.bytesToMove), formatCount(need!.blocks.length)]);
    const columns = [['cheapest first', 'left'] as const, ['to copy', 'right'] as const, ['blocks', 'right'] as const];
    lines.push(table(palette, columns, rows), ...more(can.length, palette));
    lines.push(`  all of them together: ${formatBytes(bytesToMove)} to copy`);
  }
  if (cannot.length > 0) {
    const rows = cannot.slice(0, HOSTS_MAX).map(({ host, need }) => [shortened(host), formatBytes(need!.bytes)]);
    lines.push(table(palette, [['cannot', 'left'] as const, ['at most', 'right'] as const], rows));
    lines.push(...more(cannot.length, palette));
  }
  return lines.join('\n');
}

function hugeText({ hosts, hugePages2M, hugePages1G }: FleetReport, palette: Palette): string {
  const row = (title: string, { free, stuck, places, hostsWithoutFree, bytesStuck }: FleetFormable) => [
    title,
    formatCount(free),
    `${formatCount(hostsWithoutFree)} (${formatShare(hostsWithoutFree, hosts)})`,
    `${formatBytes(bytesStuck)} (${formatShare(stuck, places)})`,
  ];
  return [
    palette.bold('Huge pages'),
    table(
      palette,
      [
        ['size', 'left'],
        ['free now', 'right'],
        ['hosts without', 'right'],
        ['memory that cannot form one', 'right'],
      ],
      [row('2 MiB', hugePages2M), row('1 GiB', hugePages1G)],
    ),
  ].join('\n');
}

function doorsText({ oneWayDoors }: FleetReport, palette: Palette): string {
  const { blocks, bytes, hosts } = oneWayDoors;
  const rows = hosts
    .slice(0, HOSTS_MAX)
    .map((row) => [shortened(row.host), formatCount(row.oneWayDoors.length), formatBytes(doorBytes(row))]);
  return [
    palette.bold(
      `One-way doors: ${countOf(blocks, 'memory block')} on ${countOf(hosts.length, 'host')}, ${formatBytes(bytes)}`,
    ),
    palette.dim(
      `  ${wrap('online in a zone that the kernel takes memory from, and kept by what never moves', 76, '  ')}`,
    ),
    table(palette, [['host', 'left'] as const, ['blocks', 'right'] as const, ['memory', 'right'] as const], rows),
    ...more(hosts.length, palette),
  ].join('\n');
}

function reasonsText({ reasons }: FleetReport, palette: Palette): string {
  const rows = reasons.map(({ reason, kind, pages, blocks, hosts }) => [
    printable(reason),
    kind === 'permanent' ? palette.bad('stays') : 'may pass',
    formatPages(pages),
    formatCount(blocks),
    formatCount(hosts),
  ]);
  return [
    palette.bold('What keeps blocks'),
    table(
      palette,
      [
        ['reason', 'left'],
        ['', 'left'],
        ['memory', 'right'],
        ['blocks', 'right'],
        ['hosts', 'right'],
      ],
      rows,
    ),
  ].join('\n');
}

function failedText({ failed }: FleetReport, palette: Palette): string {
  const lines = failed
    .slice(0, HOSTS_MAX)
    .map(({ where, because }) => palette.bad(`  ${wrap(printable(`${where}: ${because}`), 76, '    ')}`));
  return [
    palette.bold(`${countOf(failed.length, 'capture')} could not be read`),
    ...lines,
    ...more(failed.length, palette),
  ].join('\n');
}

function more(nr: number, palette: Palette): string[] {
  return nr > HOSTS_MAX ? [palette.dim(`  and ${formatCount(nr - HOSTS_MAX)} more`)] : [];
}

function shortened(name: string): string {
  const shown = printable(name);
  return shown.length <= NAME_WIDTH ? shown : `…${shown.slice(1 - NAME_WIDTH)}`;
}
