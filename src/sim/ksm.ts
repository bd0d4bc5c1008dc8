import { PG_ANON, PG_HEAD, PG_ISOLATED, PG_LOCKED, PG_SWAPCACHE, PG_TAIL, PG_WRITEBACK } from '../mm/page-flags.js';
import { isPresent, PTE_WRITE, presentPte, ptePayload } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { dropMapping, findVma, VM_LOCKED, VM_SHARED } from './address-space.js';
import type { Machine } from './machine.js';
import { mlockPage } from './mlock.js';
import { drainLruAdd } from './page-allocator.js';
import { getPage } from './page-ref.js';
import { clearPteBits, pteAt, setPte, takePte } from './page-tables.js';
import { munlockMapping } from './rmap.js';
import { addRmapItem, isStable, makeStable, stableNodeOf } from './stable-nodes.js';
import { tlbFlushPage } from './tlb.js';

/** Most mappings of one merged page: walks over more would take too long (ksm_max_page_sharing). */
export const MAX_PAGE_SHARING = 256;

/** A page that KSM may not touch has one of these: it is in somebody's hands, or somebody else names it too. */
const KEPT = PG_LOCKED | PG_WRITEBACK | PG_SWAPCACHE | PG_ISOLATED | PG_HEAD | PG_TAIL;

/** A virtual page. */
export interface VirtualPage {
  readonly mm: number;
  readonly vpn: number;
}

/**
 * Merges what two virtual pages hold into one page, if they hold the same (try_to_merge_two_pages, try_to_merge_with_ksm_page):
 * both map it read-only from then on, and whoever writes gets a copy (break_ksm). The page of the first stays, and becomes
 * stable unless it is; it is that of the second if only that is stable already. False, with no page changed, if one is not
 * there or not anonymous, is pinned, locked, swapped or stable as the other one is, or if they differ.
 *
 * @throws VacateError kind 'limit' if the machine has no room for another stable node.
 */
export function mergePages(m: Machine, cpu: number, first: VirtualPage, second: VirtualPage): boolean {
  drainLruAdd(m);
  const [one, other] = [pageAt(m, first), pageAt(m, second)];
  if (one < 0 || other < 0 || one === other) return false;
  if (isStable(m, other)) return !isStable(m, one) && merge(m, cpu, second, first);
  return merge(m, cpu, first, second);
}

/** The page that a private mapping has at a place; -1 if there is none now. */
function pageAt(m: Machine, { mm, vpn }: VirtualPage): Pfn {
  const vma = findVma(m, mm, vpn);
  if (vma === 0 || (m.vmaFlags[vma]! & VM_SHARED) !== 0) return -1;
  const pte = m.ptes[pteAt(m, mm, vpn)]!;
  return isPresent(pte) ? ptePayload(pte) : -1;
}

function merge(m: Machine, cpu: number, keeps: VirtualPage, gives: VirtualPage): boolean {
  const kept = pageAt(m, keeps);
  const given = pageAt(m, gives);
  if (!isMergeable(m, given) || !(isStable(m, kept) || isMergeable(m, kept))) return false;
  if (m.mapcount[kept]! >= MAX_PAGE_SHARING) return false;
  // Read-only first: what is compared must not change any more.
  writeProtect(m, keeps);
  writeProtect(m, gives);
  if (!holdTheSame(m, kept, given)) return false;
  if (!isStable(m, kept)) makeStable(m, kept);
  addRmapItem(m, stableNodeOf(m, kept), given);
  replacePage(m, cpu, gives, kept);
  return true;
}

/** Anonymous, and named by page tables alone: nobody pins it, and no device has it. */
function isMergeable(m: Machine, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  return (flags & PG_ANON) !== 0 && (flags & KEPT) === 0 && !isStable(m, pfn) && m.count[pfn] === m.mapcount[pfn];
}

/** Pages that fork shares are read-only everywhere already (write_protect_page). */
function writeProtect(m: Machine, { mm, vpn }: VirtualPage): void {
  if ((clearPteBits(m, pteAt(m, mm, vpn), PTE_WRITE) & PTE_WRITE) !== 0) tlbFlushPage(m, mm, vpn);
}

function holdTheSame(m: Machine, one: Pfn, other: Pfn): boolean {
  const words = m.contentWords;
  for (let i = 0; i < words; i++) if (m.contents[one * words + i] !== m.contents[other * words + i]) return false;
  return true;
}

/** A virtual page maps the merged page from now on, and gives up its own (replace_page). */
function replacePage(m: Machine, cpu: number, { mm, vpn }: VirtualPage, kept: Pfn): void {
  const at = pteAt(m, mm, vpn);
  const isLocked = (m.vmaFlags[findVma(m, mm, vpn)]! & VM_LOCKED) !== 0;
  const given = ptePayload(takePte(m, at, 0));
  tlbFlushPage(m, mm, vpn);
  getPage(m, kept);
  m.mapcount[kept] = m.mapcount[kept]! + 1;
  setPte(m, at, presentPte(kept, 0));
  if (isLocked) {
    mlockPage(m, kept);
    munlockMapping(m, given);
  }
  dropMapping(m, cpu, given);
}
