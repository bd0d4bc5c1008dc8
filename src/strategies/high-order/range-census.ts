import { MAX_NAMED_PFNS } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { PG_NOPAGE } from '../../mm/page-flags.js';
import type { Order, Pfn } from '../../mm/units.js';
import { IMPOSSIBLE } from './range-glance.js';

/** How whoever asks sorts pages; asked for pages that bar a range only. */
export interface PageSorting {
  readonly nrKinds: number;
  /** 0 to nrKinds - 1. */
  readonly kindOf: (flags: number) => number;
}

/** An aligned range that can never become free, because of pages in it that nothing moves. */
export interface BarredRange {
  readonly start: Pfn;
  /** Index into the layout's zones. */
  readonly zone: number;
  /** Pages in it that nothing moves. */
  readonly nrPages: number;
  /** They, by kind. */
  readonly byKind: Uint32Array;
  /** The first of them. */
  readonly pfns: readonly Pfn[];
}

/** The aligned ranges of 2^order pages of a zone by what could become of them; those with holes are left out. */
export interface RangeCensus {
  readonly zone: number;
  /** Free already. */
  readonly free: number;
  /** In use, and every page of it would go now. */
  readonly movable: number;
  /** Held by pages that may go later: locked, pinned, being written. */
  readonly busy: number;
  /** Held by pages that never go. */
  readonly barred: number;
  /** Pages that never go, by kind, in all of these. */
  readonly byKind: Uint32Array;
  /** All the barred ranges, ascending. */
  readonly ranges: readonly BarredRange[];
}

/** Takes the census of one zone, by what `rangeCosts` said of the ranges of this order. */
export function censusOf(
  service: MigrationService,
  { order, zone, costs }: { readonly order: Order; readonly zone: number; readonly costs: Uint32Array },
  sorting: PageSorting,
): RangeCensus {
  const { start, end } = service.host.layout.zones[zone]!;
  const size = 2 ** order;
  const byKind = new Uint32Array(sorting.nrKinds);
  const ranges: BarredRange[] = [];
  const nr = { free: 0, movable: 0, busy: 0 };
  for (let i = Math.ceil(start / size); (i + 1) * size <= end && i < costs.length; i++) {
    if (costs[i] === 0) nr.free++;
    else if (costs[i] !== IMPOSSIBLE) nr.movable++;
    else if (!hasHole(service.host.columns.flags, i * size, size)) {
      const range = service.looking(() => inspect(service, i * size, { size, zone, sorting }));
      if (range.nrPages === 0) {
        nr.busy++;
        continue;
      }
      for (let kind = 0; kind < byKind.length; kind++) byKind[kind] = byKind[kind]! + range.byKind[kind]!;
      ranges.push(range);
    }
  }
  return { zone, ...nr, barred: ranges.length, byKind, ranges };
}

function hasHole(flags: Uint32Array, start: Pfn, size: number): boolean {
  for (let pfn = start; pfn < start + size; pfn++) if ((flags[pfn]! & PG_NOPAGE) !== 0) return true;
  return false;
}

function inspect(
  service: MigrationService,
  start: Pfn,
  { size, zone, sorting }: { readonly size: number; readonly zone: number; readonly sorting: PageSorting },
): BarredRange {
  const { flags } = service.host.columns;
  const byKind = new Uint32Array(sorting.nrKinds);
  const pfns: Pfn[] = [];
  let nrPages = 0;
  for (let pfn = start; pfn < start + size; pfn++) {
    const outcome = service.judge(pfn);
    if (outcome === 0 || !service.handlers.isPermanent(outcome)) continue;
    const kind = sorting.kindOf(flags[pfn]!);
    byKind[kind] = byKind[kind]! + 1;
    if (pfns.length < MAX_NAMED_PFNS) pfns.push(pfn);
    nrPages++;
  }
  return { start, zone, nrPages, byKind, pfns };
}

/** Those that the fewest pages bar first: they are the nearest to being freed. Equals by address. */
export function fewestFirst(ranges: readonly BarredRange[]): BarredRange[] {
  return [...ranges].sort((a, b) => a.nrPages - b.nrPages || a.start - b.start);
}
