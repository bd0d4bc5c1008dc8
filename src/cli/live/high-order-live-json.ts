import { type BuddyinfoRow, freeBlocksOf } from '../../linux/buddyinfo.js';
import { zoneKey } from '../../linux/pages/per-cpu-pages.js';
import { MAX_NAMED_PFNS } from '../../migration/migration-report.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { PAGE_SIZE } from '../../mm/units.js';
import { countsById, newCounts } from '../../picture/page-kinds.js';
import { type BarredRange, fewestFirst } from '../../strategies/high-order/range-census.js';
import type { ZoneOutlook } from './high-order-live-outlook.js';
import type { HighOrderLiveReport } from './high-order-live-report.js';

/** The report for programs. Only `measured` depends on anything but the machine. */
export function highOrderLiveJson(report: HighOrderLiveReport) {
  const { machine, kernel, rules, node, outlook, run, caveats } = report;
  const { order, strategy, zones, lowerBound, best } = outlook;
  return {
    command: 'high-order',
    machine: machine.spec.name,
    kernel,
    rules,
    strategy,
    committed: run !== null,
    outcome: run?.outcome ?? 'forecast',
    order,
    blockBytes: 2 ** order * PAGE_SIZE,
    node,
    zones: zones.map(({ census, kind, ...zone }) => ({
      node: zone.node,
      zone: kind,
      freeBefore: zone.freeBefore,
      freeAfter: zone.freeAfter,
      pagesMigrated: zone.pagesMigrated,
      scanned: zone.scanned,
      lowerBound: zone.lowerBound,
      ranges: { free: census.free, movable: census.movable, busy: census.busy, barred: census.barred },
    })),
    pagesMigrated: zones.reduce((sum, { pagesMigrated }) => sum + pagesMigrated, 0),
    lowerBound,
    best,
    hugePages: { ...outlook.blocks, limitedBy: limitsJson(report) },
    measured: run === null ? null : measuredJson(report),
    writes: run === null ? [] : [{ path: run.path, word: '1', error: run.error }],
    caveats,
  };
}

/** Ranges that no compaction makes free. */
function limitsJson({ machine, outlook }: HighOrderLiveReport) {
  const byKind = newCounts();
  for (const { census } of outlook.zones)
    for (let kind = 0; kind < byKind.length; kind++) byKind[kind] = byKind[kind]! + census.byKind[kind]!;
  const { zones, blockPages } = machine.spec;
  return {
    nrBlocks: outlook.zones.reduce((sum, { census }) => sum + census.barred, 0),
    nrPages: byKind.reduce((sum, pages) => sum + pages, 0),
    byKind: countsById(byKind),
    blocks: barredFirst(outlook.zones).map((range) => ({
      start: range.start,
      block: Math.floor(range.start / blockPages),
      node: zones[range.zone]!.node,
      zone: zones[range.zone]!.kind,
      nrPages: range.nrPages,
      byKind: countsById(range.byKind),
      pfns: range.pfns,
    })),
    ranges: barredRanges(outlook.zones, outlook.order),
  };
}

/** As many as a report names, over all zones, the least barred first. */
export function barredFirst(zones: readonly ZoneOutlook[]): readonly BarredRange[] {
  return fewestFirst(zones.flatMap(({ census }) => census.ranges)).slice(0, MAX_NAMED_PFNS);
}

/** All of them, those side by side as one. */
function barredRanges(zones: readonly ZoneOutlook[], order: number): PfnRange[] {
  const runs: { start: number; end: number }[] = [];
  for (const { start } of zones.flatMap(({ census }) => census.ranges)) {
    const last = runs.at(-1);
    if (last?.end === start) last.end += 2 ** order;
    else runs.push({ start, end: start + 2 ** order });
  }
  return runs;
}

function measuredJson(report: HighOrderLiveReport) {
  const { run, ageSeconds } = report;
  if (run === null) return null;
  const { path, outcome, error, hasEnded, seconds, counted } = run;
  return { path, outcome, error, hasEnded, ageSeconds, seconds, counted, zones: measuredZones(report) };
}

/** A zone before and after; null where a kernel does not tell. */
export interface MeasuredZone {
  readonly node: number;
  readonly zone: string;
  readonly freeBefore: number | null;
  readonly freeAfter: number;
  readonly perCpuBefore: number | null;
  readonly perCpuAfter: number | null;
}

/** Free blocks as the kernel counted them around its compaction, of what was compacted; none if it does not say. */
export function measuredZones({ outlook: { order }, node, run }: HighOrderLiveReport): MeasuredZone[] {
  if (run === null) return [];
  const { before, after } = run;
  const rowBefore = new Map((before.blocks ?? []).map((row) => [zoneKey(row), row]));
  const blocksOf = (row: BuddyinfoRow | undefined) => (row === undefined ? null : freeBlocksOf(row, order));
  const rows = (after.blocks ?? []).filter((row) => node === null || row.node === node);
  return rows.map((row) => {
    const key = zoneKey(row);
    return {
      node: row.node,
      zone: row.zone,
      freeBefore: blocksOf(rowBefore.get(key)),
      freeAfter: freeBlocksOf(row, order),
      perCpuBefore: before.perCpu.get(key) ?? null,
      perCpuAfter: after.perCpu.get(key) ?? null,
    };
  });
}
