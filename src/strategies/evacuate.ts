import type { MemoryHost } from '../host/memory-host.js';
import type { MigrationReport } from '../migration/migration-report.js';
import type { MigrationRequest } from '../migration/migration-run.js';
import type { MigrationService } from '../migration/migration-service.js';
import { MIGRATE_SYNC } from '../mm/migrate-mode.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type Order, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { nrInUse } from './pages-in-use.js';
import type { Job } from './strategy.js';

/**
 * Pages of the ranges that are in use, ascending if the ranges are.
 *
 * @example
 * const { host } = evacuator;
 * console.log(usedPages(host, [blockRange(8, host.layout.blockPages)]).length);
 */
export function usedPages(host: MemoryHost, ranges: readonly PfnRange[]): Uint32Array {
  const { flags } = host.columns;
  const total = ranges.reduce((sum, range) => sum + nrInUse(host, range), 0);
  // The place behind the last one gets what is not in use.
  const pfns = new Uint32Array(total + 1);
  let nr = 0;
  for (const { start, end } of ranges)
    for (let from = start; from < end; from += PAGEBLOCK_PAGES) {
      const to = Math.min(end, from + PAGEBLOCK_PAGES);
      touchFlags(flags, from, to);
      nr = noteInUse(flags, from, to, pfns, nr);
    }
  return pfns.subarray(0, total);
}

/** Flags on a line of the cache. */
const FLAGS_PER_LINE = 16;
/** What was read ahead, kept so that no compiler leaves the reading out. */
const touched = new Uint32Array(1);

/** Chosen ranges lie anywhere: a loop that only fetches has all their lines on their way at a time. */
function touchFlags(flags: Uint32Array, start: Pfn, end: Pfn): void {
  let sum = 0;
  for (let pfn = start; pfn < end; pfn += FLAGS_PER_LINE) sum ^= flags[pfn]!;
  touched[0] = sum;
}

/**
 * Every page is noted, and stays if it is in use: which ones are is chance, and a processor that has to guess is often
 * wrong. Returns how many there are now.
 */
function noteInUse(flags: Uint32Array, start: Pfn, end: Pfn, pfns: Uint32Array, before: number): number {
  let nr = before;
  for (let pfn = start; pfn < end; pfn++) {
    pfns[nr] = pfn;
    nr += ((flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) - 1) >>> 31;
  }
  return nr;
}

/**
 * Moves every page in use out of ranges that are isolated already: each page once, none into them.
 *
 * @example
 * const range = rangeOf(8192, 512);
 * const { migrated } = runToEnd(evacuate(evacuator.service, [range], 9));
 * migrated > 0; // true
 */
export function* evacuate(
  service: MigrationService,
  ranges: readonly PfnRange[],
  sparedOrder: Order,
): Job<MigrationReport> {
  const pfns = usedPages(service.host, ranges);
  return yield* migrateList(service, { pfns, mode: MIGRATE_SYNC, sparedOrder });
}

/** Moves a list of pages, with a pause after each phase; stopped early, everything in hand comes to rest. */
export function* migrateList(service: MigrationService, request: MigrationRequest): Job<MigrationReport> {
  const steps = service.steps(request);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      yield { step: 'migrating', done: step.value.settled, total: request.pfns.length };
    }
  } finally {
    steps.return(undefined as never);
  }
}

/**
 * True if every page of the range is free, and so in buddy once per-CPU lists are drained.
 *
 * @example
 * const { host } = evacuator;
 * runToEnd(evacuator.offline({ blocks: [8] }));
 * host.onlineBlock(8);
 * isVacant(host.columns.flags, blockRange(8, host.layout.blockPages)); // true
 */
export function isVacant(flags: Uint32Array, range: PfnRange): boolean {
  for (let pfn = range.start; pfn < range.end; pfn++) if ((flags[pfn]! & FREE_FLAGS) === 0) return false;
  return true;
}
