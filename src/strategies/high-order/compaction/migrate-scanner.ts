import { endOfCompound } from '../../../mm/compound-page.js';
import { MIGRATE_SYNC } from '../../../mm/migrate-mode.js';
import { MIGRATE_MOVABLE } from '../../../mm/migratetype.js';
import {
  PG_ANON,
  PG_BUDDY,
  PG_HEAD,
  PG_HUGE,
  PG_ISOLATED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../../../mm/page-flags.js';
import { type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../../../mm/units.js';
import {
  alignedEnd,
  blockEnd,
  blockStart,
  COMPACT_CLUSTER_MAX,
  type CompactControl,
  isBlockThere,
  WHOLE,
} from './compact-control.js';
import { fastFindMigrateblock } from './fast-search.js';
import { isSkippedForGood } from './zone-state.js';

/**
 * The scanner that goes up: chooses the next pages to move, of the first pageblock that has some, into `control.batch`
 * (isolate_migratepages). False if it found none; then it stands behind what it has looked at.
 */
export function isolateMigratePages(control: CompactControl): boolean {
  const { flags } = control.host.columns;
  let low = fastFindMigrateblock(control);
  let start = blockStart(low);
  let end = blockEnd(low);
  let wasFoundFast = low !== control.migratePfn && control.fastSearchFail === 0;
  for (; end <= control.freePfn; wasFoundFast = false) {
    if (isBlockThere(flags, start)) {
      const isHinted = low === start && !wasFoundFast && !control.isIsolationSuitable(start);
      if (!isHinted) {
        if (isSuitableSource(control, start)) {
          isolateMigratePagesBlock(control, low, end);
          break;
        }
        control.state.updateCachedMigrate(end, control.isSync);
      }
    }
    low = end;
    control.migratePfn = end;
    start = end;
    end += PAGEBLOCK_PAGES;
  }
  return control.nrMigratePages > 0;
}

/** Async direct compaction takes from pageblocks of its own type only (suitable_migration_source). */
function isSuitableSource({ host, isOptimistic }: CompactControl, start: Pfn): boolean {
  if (isSkippedForGood(host.columns.flags, start)) return false;
  return !isOptimistic || host.free.migratetype(start) === MIGRATE_MOVABLE;
}

/** Chooses pages in [low, end), within one pageblock; stops after a batch (isolate_migratepages_block). */
function isolateMigratePagesBlock(control: CompactControl, low: Pfn, end: Pfn): void {
  const { host, request, rules } = control;
  const { flags } = host.columns;
  const skipsOnFailure = control.isOptimistic;
  let nextSkip = skipsOnFailure ? alignedEnd(low, request.order) : 0;
  const hasStart = low % PAGEBLOCK_PAGES === 0;
  let isHintUpdated = false;
  let scanned = 0;
  let isolated = 0;
  let pfn = low;
  if (hasStart && !control.isIsolationSuitable(low)) {
    // In Linux 6.1 the fast search marks the block that it found, so that nothing comes of it.
    scanned = 1;
    pfn = end;
  }
  for (; pfn < end; pfn++) {
    if (skipsOnFailure && pfn >= nextSkip) {
      // All of one aligned block could be chosen: move it now, and perhaps that will do.
      if (isolated > 0) break;
      nextSkip = alignedEnd(pfn, request.order);
    }
    const word = flags[pfn]!;
    if ((word & PG_NOPAGE) !== 0) continue;
    scanned++;
    if ((word & PG_BUDDY) !== 0) {
      const passedOver = 2 ** Math.max(0, host.free.blockOrder(pfn)) - 1;
      pfn += passedOver;
      if (rules.countsPassedOver) scanned += passedOver;
      continue;
    }
    const nrPages = (word & PG_HEAD) === 0 ? 1 : endOfCompound(flags, pfn) - pfn;
    const passedOver = nrPages - 1;
    if (!isWanted(control, pfn, word, nrPages)) {
      if ((word & (PG_HEAD | PG_TAIL)) !== 0) {
        pfn += passedOver;
        if (rules.countsPassedOver) scanned += passedOver;
      }
      if (!skipsOnFailure) continue;
      // The aligned block cannot become free any more: what was chosen of it stays.
      control.nrMigratePages -= isolated;
      control.nrBatch = 0;
      isolated = 0;
      if (pfn < nextSkip) {
        pfn = nextSkip - 1;
        nextSkip += 2 ** request.order;
      }
      continue;
    }
    if (!isHintUpdated && (hasStart || !rules.marksByAnyPage)) {
      isHintUpdated = true;
      if (control.testAndSetSkip(pfn) && !control.finishPageblock) {
        if (rules.marksByAnyPage) pfn = end;
        break;
      }
    }
    control.batch[control.nrBatch++] = pfn;
    control.nrMigratePages += nrPages;
    isolated += nrPages;
    scanned += passedOver;
    pfn += passedOver;
    if (control.nrMigratePages >= COMPACT_CLUSTER_MAX && !control.finishPageblock) {
      pfn++;
      break;
    }
  }
  control.migrateScanned += scanned;
  control.migratePfn = Math.min(pfn, end);
  const isDone = control.migratePfn === end && (isolated === 0 || control.finishPageblock);
  if (isDone) noteScanned(control, hasStart && !isHintUpdated);
}

/** Nothing more is to be had from the pageblock that ends here: it is marked, and sync compaction starts behind it. */
function noteScanned({ isSync, migratePfn, state }: CompactControl, marks: boolean): void {
  if (marks) state.setSkip(migratePfn - 1);
  state.updateCachedMigrate(migratePfn, isSync);
}

/** A page, or a whole folio, that can be taken from its owner for moving; what looks pinned is left alone. */
function isWanted(control: CompactControl, pfn: Pfn, word: number, nrPages: number): boolean {
  const { columns } = control.host;
  const { mode, leavesUnevictable } = control.request;
  if ((word & (PG_HEAD | PG_TAIL)) !== 0 && !isFolioMoved(control, word, nrPages)) return false;
  if ((word & PG_LRU) === 0) return (word & (PG_MOVABLE_OPS | PG_ISOLATED)) === PG_MOVABLE_OPS;
  const isAnonymous = (word & (PG_ANON | PG_SWAPCACHE)) === PG_ANON;
  if (isAnonymous && columns.count[pfn]! > columns.mapcount[pfn]!) return false;
  if (leavesUnevictable && (word & PG_UNEVICTABLE) !== 0) return false;
  return mode === MIGRATE_SYNC || (word & PG_WRITEBACK) === 0;
}

/** Folios go if they are smaller than what is wanted and than a pageblock (skip_isolation_on_order); hugetlb never. */
function isFolioMoved({ request, rules }: CompactControl, word: number, nrPages: number): boolean {
  if (!rules.movesLargeFolios || (word & PG_HEAD) === 0 || (word & PG_HUGE) !== 0) return false;
  const limit: Order = request.order === WHOLE ? PAGEBLOCK_ORDER : Math.min(request.order, PAGEBLOCK_ORDER);
  return nrPages < 2 ** limit;
}
