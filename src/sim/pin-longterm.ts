import { MIGRATE_UNMOVABLE } from '../mm/migratetype.js';
import { PG_ANON, PG_LRU, PG_REFERENCED, PG_SWAPBACKED, PG_UPTODATE } from '../mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, presentPte, ptePayload } from '../mm/pte.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { ACCESS_BLOCKED, ACCESS_NO_MEMORY, ACCESS_OK, type Access, fault } from './access.js';
import { dropMapping } from './address-space.js';
import { copyContents } from './contents.js';
import { isLongtermPinnable, pinUserPage } from './gup.js';
import { HOLD_LONGTERM_PIN } from './holds.js';
import { addToLruBatch } from './lru.js';
import type { Machine } from './machine.js';
import { setIndex } from './mappings.js';
import { allocatePages, drainLruAdd } from './page-allocator.js';
import { pteAt, setPte, takePte } from './page-tables.js';
import { nodeOf } from './pageblocks.js';
import { tlbFlushPage } from './tlb.js';

/** What a page that belongs to one process alone has of these; with any other flag it is in somebody's hands. */
const PLAIN = PG_ANON | PG_LRU | PG_REFERENCED | PG_SWAPBACKED | PG_UPTODATE;

/**
 * Pins a page of a process's own memory until virtual time `until`, for a device that keeps it as long as it wants
 * (pin_user_pages with FOLL_LONGTERM): the page is faulted in for writing, and goes to a kernel zone first if it lies in zone
 * Movable (check_and_migrate_movable_pages). ACCESS_NO_MEMORY, with nothing pinned, if there is no room; ACCESS_BLOCKED if
 * somebody else uses the page and it would have to go.
 */
export function pinLongterm(m: Machine, cpu: number, mm: number, vpn: number, until: number): Access {
  const access = fault(m, cpu, mm, vpn, true);
  if (access !== ACCESS_OK) return access;
  let pfn = ptePayload(m.ptes[pteAt(m, mm, vpn)]!);
  if (!isLongtermPinnable(m, pfn)) {
    // Batches on their way to the LRU hold references (lru_add_drain_all).
    drainLruAdd(m);
    if ((m.flags[pfn]! & ~PLAIN) !== 0 || m.mapcount[pfn] !== 1 || m.count[pfn] !== 1) return ACCESS_BLOCKED;
    pfn = moveOutOfMovable(m, cpu, mm, vpn);
    if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  }
  pinUserPage(m, pfn, until, HOLD_LONGTERM_PIN);
  return ACCESS_OK;
}

/** A copy that is the process's from now on, of memory that the kernel may keep for itself; NO_PAGE if there is none. */
function moveOutOfMovable(m: Machine, cpu: number, mm: number, vpn: number): Pfn {
  const at = pteAt(m, mm, vpn);
  const source = ptePayload(m.ptes[at]!);
  const node = nodeOf(m, source);
  const request = { order: 0, type: MIGRATE_UNMOVABLE, node, highest: 'Normal', mark: 'low' } as const;
  const target = allocatePages(m, cpu, request);
  if (target === NO_PAGE) return NO_PAGE;
  const pte = takePte(m, at, 0);
  tlbFlushPage(m, mm, vpn);
  copyContents(m, source, target);
  m.flags[target] = m.flags[source]! & ~PG_LRU;
  setIndex(m, target, m.index[source]!);
  setPte(m, at, presentPte(target, pte & (PTE_WRITE | PTE_DIRTY)));
  m.mapcount[target] = 1;
  dropMapping(m, cpu, source);
  addToLruBatch(m, cpu, target);
  return target;
}
