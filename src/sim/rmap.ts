import type { RmapVisit } from '../host/memory-host.js';
import { PG_ANON, PG_DIRTY, PG_MLOCKED } from '../mm/page-flags.js';
import {
  isMigration,
  isPresent,
  migrationPte,
  PTE_DIRTY,
  PTE_MIGRATION,
  presentPte,
  pteBits,
  ptePayload,
} from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { mappingOfPage } from './mappings.js';
import { mlockPage, munlockPage } from './mlock.js';
import { markDirty } from './page-cache.js';
import { refAdd, refSub } from './page-ref.js';
import { pteAt, pteOf, setPte, takePte } from './page-tables.js';
import { tlbFlushPage } from './tlb.js';
import { VM_LOCKED } from './vm-flags.js';

/**
 * Reverse maps, mm/rmap.c: from a page to the entries that map it. The page's mapping knows the VMAs that may have it
 * (anon_vma tree or i_mmap), the page's index in the mapping gives its address in each. A nonlinear VMA has its pages
 * anywhere, so they cannot be found this way.
 */

/** The virtual page at which a VMA would map the page at `offset` of a mapping; -1 if outside the VMA. */
export function vpnInVma(m: Machine, vma: number, offset: number): number {
  const first = m.vmaOffset[vma]!;
  return offset >= first && offset < first + m.vmaPages[vma]! ? m.vmaStart[vma]! + (offset - first) : -1;
}

/** The VMAs through which a page may be mapped, oldest first; those of an anonymous page's whole family. */
export function reverseMap(m: Machine, pfn: Pfn): RmapVisit[] {
  const mapping = mappingOfPage(m, pfn);
  if (mapping === 0) return [];
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  const visits: RmapVisit[] = [];
  for (let link = m.mapLinks[m.mapRoot[mapping]!]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    const pte = vpn < 0 ? 0 : pteOf(m, m.vmaMm[vma]!, vpn);
    visits.push({ covers: vpn >= 0, maps: isPresent(pte) && ptePayload(pte) === pfn });
  }
  return visits.reverse();
}

/**
 * Replaces every entry that maps a page by a migration entry (try_to_migrate). All or none: if some mapping cannot be
 * found, those already replaced are restored and the answer is false. Translations are not flushed: that is the
 * shootdown's job, once for a batch.
 */
export function unmapToMigration(m: Machine, pfn: Pfn): boolean {
  const mapping = mappingOfPage(m, pfn);
  let left = m.mapcount[pfn]!;
  if (left === 0) return true;
  if (mapping === 0) return false;
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = m.mapLinks[mapping]!; link !== 0 && left > 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    const at = pteAt(m, m.vmaMm[vma]!, vpn);
    const pte = m.ptes[at]!;
    if (at === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) continue;
    setPte(m, at, migrationPte(takePte(m, at, 0)));
    left--;
  }
  const replaced = m.mapcount[pfn]! - left;
  m.mapcount[pfn] = left;
  refSub(m, pfn, replaced);
  if (left === 0) return true;
  remapFromMigration(m, pfn, pfn);
  return false;
}

/** Turns the migration entries that wait for `source` into entries for `target` (remove_migration_ptes). */
export function remapFromMigration(m: Machine, source: Pfn, target: Pfn): void {
  const mapping = mappingOfPage(m, target);
  if (mapping === 0) return;
  const offset = m.index[target]! - m.mapBase[mapping]!;
  let restored = 0;
  let locked = false;
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    const at = pteAt(m, m.vmaMm[vma]!, vpn);
    const pte = m.ptes[at]!;
    if (at === 0 || !isMigration(pte) || ptePayload(pte) !== source) continue;
    setPte(m, at, presentPte(target, pteBits(pte & ~PTE_MIGRATION)));
    m.others?.wake(at);
    restored++;
    if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) locked = true;
  }
  const others = m.mapcount[target]!;
  m.mapcount[target] = others + restored;
  refAdd(m, target, restored);
  // mlock and munlock pass over migration entries: what they said of the VMA is made good here (mlock_vma_folio).
  if (restored === 0 || locked === ((m.flags[target]! & PG_MLOCKED) !== 0)) return;
  if (locked) mlockPage(m, target);
  else if (others === 0) munlockPage(m, target);
}

/**
 * One VMA has unlocked a page, or no longer maps it: it stays resident if another one that maps it is locked
 * (munlock_vma_folio; Linux counts them in mlock_count, and guesses where it cannot).
 */
export function munlockMapping(m: Machine, pfn: Pfn): void {
  const mapping = mappingOfPage(m, pfn);
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = mapping === 0 ? 0 : m.mapLinks[m.mapRoot[mapping]!]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    if ((m.vmaFlags[vma]! & VM_LOCKED) === 0) continue;
    const vpn = vpnInVma(m, vma, offset);
    const pte = vpn < 0 ? 0 : pteOf(m, m.vmaMm[vma]!, vpn);
    if (isPresent(pte) && ptePayload(pte) === pfn) return;
  }
  munlockPage(m, pfn);
}

/**
 * Takes every mapping of a page away for good, putting `replacement` in place of each entry (try_to_unmap; 0 for file
 * pages, a swap entry for anonymous ones). Calls `onEntry` for each. False if a mapping could not be found; what was
 * taken stays taken, a fault brings it back.
 */
export function unmapForGood(m: Machine, pfn: Pfn, replacement: number, onEntry: () => void): boolean {
  const mapping = mappingOfPage(m, pfn);
  if (mapping === 0) return m.mapcount[pfn] === 0;
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = m.mapLinks[mapping]!; link !== 0 && m.mapcount[pfn] !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    const mm = m.vmaMm[vma]!;
    const at = pteAt(m, mm, vpn);
    const pte = m.ptes[at]!;
    if (at === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) continue;
    noteDirty(m, pfn, takePte(m, at, replacement));
    tlbFlushPage(m, mm, vpn);
    m.mapcount[pfn] = m.mapcount[pfn]! - 1;
    refSub(m, pfn, 1);
    onEntry();
  }
  return m.mapcount[pfn] === 0;
}

/** Carries the dirty bit of an entry that goes away to its page; for anonymous pages only swap cares. */
export function noteDirty(m: Machine, pfn: Pfn, pte: number): void {
  if ((pte & PTE_DIRTY) === 0) return;
  if ((m.flags[pfn]! & PG_ANON) !== 0) m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  else markDirty(m, pfn);
}
