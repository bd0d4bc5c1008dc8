import { MAX_NAMED_PFNS, RefusalTally } from '../migration/migration-report.js';
import type { MigrationService } from '../migration/migration-service.js';
import { MIGRATE_MOVABLE } from '../mm/migratetype.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { classOf, NR_CLASSES, type PageClass, REFUSED, UNTYPED } from './page-class.js';

/** What stands in a range, page by page: how many of each class, and which. */
export interface BlockScan {
  readonly range: PfnRange;
  /** By class. */
  readonly counts: Uint32Array;
  /** The first 16 of each class, ascending. */
  readonly pfns: readonly (readonly Pfn[])[];
  readonly nrFree: number;
  readonly holes: number;
  /** The first 16 pages without memory. */
  readonly holePfns: readonly Pfn[];
  /** Untyped pages in pageblocks that are movable, as far as is known. */
  readonly nrUntypedInMovable: number;
  /** What handlers refuse, by handler and reason. */
  readonly refusals: RefusalTally;
}

/** Asks every page of a range once. Changes nothing. */
export function scanRange(service: MigrationService, range: PfnRange, isCaptured: boolean): BlockScan {
  return service.looking(() => scan(service, range, isCaptured));
}

function scan(service: MigrationService, range: PfnRange, isCaptured: boolean): BlockScan {
  const { flags } = service.host.columns;
  const counts = new Uint32Array(NR_CLASSES);
  const pfns: Pfn[][] = Array.from({ length: NR_CLASSES }, () => []);
  const holePfns: Pfn[] = [];
  const refusals = new RefusalTally();
  let nrFree = 0;
  let holes = 0;
  let nrUntypedInMovable = 0;
  for (let pfn = range.start; pfn < range.end; pfn++) {
    const word = flags[pfn]!;
    if ((word & FREE_FLAGS) !== 0) {
      nrFree++;
      continue;
    }
    if ((word & PG_NOPAGE) !== 0) {
      if (holes++ < MAX_NAMED_PFNS) holePfns.push(pfn);
      continue;
    }
    const kind: PageClass = classOf(service, pfn, word, isCaptured);
    if (counts[kind]! < MAX_NAMED_PFNS) pfns[kind]!.push(pfn);
    counts[kind] = counts[kind]! + 1;
    if (kind === REFUSED) refusals.add(service.judge(pfn), pfn);
    else if (kind === UNTYPED && service.host.free.migratetype(pfn) === MIGRATE_MOVABLE) nrUntypedInMovable++;
  }
  return { range, counts, pfns, nrFree, holes, holePfns, nrUntypedInMovable, refusals };
}
