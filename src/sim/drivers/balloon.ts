import { MIGRATE_MOVABLE } from '../../mm/migratetype.js';
import { PG_ISOLATED, PG_LOCKED, PG_MOVABLE_OPS, PG_OFFLINE } from '../../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { addDriverPage } from '../files.js';
import type { Machine } from '../machine.js';
import { allocatePages } from '../page-allocator.js';
import { findInCache, setDiskPlace } from '../page-cache.js';
import { createDriver, DRIVER_BALLOON, placesOf, releaseDriverPage, repoint } from './driver.js';

/**
 * A balloon that can move its pages (virtio_balloon): a list of pages that the guest has given to its host. What the host
 * was told stands beside each: it backs other guests with those frames, so that the two must never differ.
 */
export function createBalloon(m: Machine, nrPages: number): number {
  return createDriver(m, DRIVER_BALLOON, nrPages);
}

/** Puts a page onto the list and tells the host (balloon_page_enqueue, tell_host). The allocation's reference is its own. */
export function addToBalloon(m: Machine, pfn: Pfn, balloon: number, page: number): void {
  addDriverPage(m, pfn, balloon, page, PG_MOVABLE_OPS | PG_OFFLINE);
  setDiskPlace(m, m.index[pfn]!, pfn + 1);
}

/** Takes pages of the guest's until the balloon is full, or has `nrPages` more; returns how many (fill_balloon). */
export function inflate(m: Machine, cpu: number, balloon: number, nrPages: number): number {
  let taken = 0;
  for (let page = 0; page < placesOf(m, balloon) && taken < nrPages; page++) {
    if (findInCache(m, m.mapBase[balloon]! + page) !== NO_PAGE) continue;
    const request = { order: 0, type: MIGRATE_MOVABLE, node: 0, highest: 'Movable', mark: 'low' } as const;
    const pfn = allocatePages(m, cpu, request);
    if (pfn === NO_PAGE) break;
    addToBalloon(m, pfn, balloon, page);
    taken++;
  }
  return taken;
}

/** Gives the guest pages back, the last first; those that somebody moves just now are off the list (leak_balloon). */
export function deflate(m: Machine, cpu: number, balloon: number, nrPages: number): number {
  let given = 0;
  for (let page = placesOf(m, balloon) - 1; page >= 0 && given < nrPages; page--) {
    const pfn = findInCache(m, m.mapBase[balloon]! + page);
    if (pfn === NO_PAGE || (m.flags[pfn]! & (PG_ISOLATED | PG_LOCKED)) !== 0) continue;
    releaseDriverPage(m, cpu, pfn);
    given++;
  }
  return given;
}

/** virtballoon_migratepage: the host gets the new page, and gives the old one back. */
export function moveInBalloon(m: Machine, target: Pfn, source: Pfn): void {
  const at = m.index[source]!;
  repoint(m, source, target);
  setDiskPlace(m, at, target + 1);
}
