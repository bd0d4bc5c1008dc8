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
import { MAPPING_KSM, mappingOfPage } from './mappings.js';
import { mlockPage, munlockPage } from './mlock.js';
import { markDirty } from './page-cache.js';
import { refAdd, refSub } from './page-ref.js';
import { pteAt, pteOf, setPte, takePte } from './page-tables.js';
import { stableNodeOf } from './stable-nodes.js';
import { tlbFlushPage } from './tlb.js';
import { VM_LOCKED } from './vm-flags.js';

/**
 * Reverse maps, mm/rmap.c: from a page to the entries that map it. The page's mapping knows the VMAs that may have it
 * (anon_vma tree or i_mmap), the page's index in the mapping gives its address in each. A nonlinear VMA has its pages
 * anywhere, so they cannot be found this way. A page that KSM has merged has a stable node in place of a mapping, and is found
 * through several anon_vmas, at an address of its own in each (rmap_walk_ksm).
 */

/** The virtual page at which a VMA would map the page at `offset` of a mapping; -1 if outside the VMA. */
export function vpnInVma(m: Machine, vma: number, offset: number): number {
  const first = m.vmaOffset[vma]!;
  return offset >= first && offset < first + m.vmaPages[vma]! ? m.vmaStart[vma]! + (offset - first) : -1;
}

/**
 * The places at which a merged page may be mapped, in the VMAs of all its rmap items. One may come twice, when a process
 * belongs to the family of another one.
 */
export function eachStablePlace(m: Machine, pfn: Pfn, visit: (vma: number, vpn: number) => void): void {
  for (let item = m.nodeItems[stableNodeOf(m, pfn)]!; item !== 0; item = m.itemNext[item]!)
    for (let link = m.mapLinks[m.itemAnon[item]!]!; link !== 0; link = m.linkNext[link]!) {
      const vma = m.linkVma[link]!;
      const vpn = vpnInVma(m, vma, m.itemOffset[item]!);
      if (vpn >= 0) visit(vma, vpn);
    }
}

/** True if a page's reverse map leads to this virtual page of a VMA: only then may the VMA map it. */
export function isKnownAt(m: Machine, pfn: Pfn, vma: number, vpn: number): boolean {
  const mapping = mappingOfPage(m, pfn);
  if (m.mapKind[mapping] === MAPPING_KSM) {
    let isKnown = false;
    eachStablePlace(m, pfn, (of, at) => {
      if (of === vma && at === vpn) isKnown = true;
    });
    return isKnown;
  }
  if (vpnInVma(m, vma, m.index[pfn]! - m.mapBase[mapping]!) !== vpn) return false;
  for (let link = m.vmaLinks[vma]!; link !== 0; link = m.linkVmaNext[link]!)
    if (m.linkMapping[link] === mapping) return true;
  return false;
}

/** The VMAs through which a page may be mapped, oldest first; those of an anonymous page's whole family. */
export function reverseMap(m: Machine, pfn: Pfn): RmapVisit[] {
  const mapping = mappingOfPage(m, pfn);
  if (mapping === 0) return [];
  if (m.mapKind[mapping] === MAPPING_KSM) return reverseMapOfMerged(m, pfn);
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

function reverseMapOfMerged(m: Machine, pfn: Pfn): RmapVisit[] {
  const maps = new Map<number, boolean>();
  eachStablePlace(m, pfn, (vma, vpn) => {
    const pte = pteOf(m, m.vmaMm[vma]!, vpn);
    maps.set(vma, maps.get(vma) === true || (isPresent(pte) && ptePayload(pte) === pfn));
  });
  return [...maps.values()].map((isMapped) => ({ covers: true, maps: isMapped }));
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
  if (m.mapKind[mapping] === MAPPING_KSM)
    eachStablePlace(m, pfn, (vma, vpn) => {
      if (takeToMigrate(m, vma, vpn, pfn)) left--;
    });
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = m.mapLinks[mapping]!; link !== 0 && left > 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn >= 0 && takeToMigrate(m, vma, vpn, pfn)) left--;
  }
  const replaced = m.mapcount[pfn]! - left;
  m.mapcount[pfn] = left;
  refSub(m, pfn, replaced);
  if (left === 0) return true;
  remapFromMigration(m, pfn, pfn);
  return false;
}

/** One entry, if it maps the page (try_to_migrate_one). */
function takeToMigrate(m: Machine, vma: number, vpn: number, pfn: Pfn): boolean {
  const at = pteAt(m, m.vmaMm[vma]!, vpn);
  const pte = m.ptes[at]!;
  if (at === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) return false;
  setPte(m, at, migrationPte(takePte(m, at, 0)));
  return true;
}

/** Turns the migration entries that wait for `source` into entries for `target` (remove_migration_ptes). */
export function remapFromMigration(m: Machine, source: Pfn, target: Pfn): void {
  const mapping = mappingOfPage(m, target);
  if (mapping === 0) return;
  const offset = m.index[target]! - m.mapBase[mapping]!;
  let restored = 0;
  let locked = false;
  if (m.mapKind[mapping] === MAPPING_KSM)
    eachStablePlace(m, target, (vma, vpn) => {
      if (!restoreEntry(m, vma, vpn, source, target)) return;
      restored++;
      if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) locked = true;
    });
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0 || !restoreEntry(m, vma, vpn, source, target)) continue;
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

/** One entry, if it waits for `source` (remove_migration_pte). */
function restoreEntry(m: Machine, vma: number, vpn: number, source: Pfn, target: Pfn): boolean {
  const at = pteAt(m, m.vmaMm[vma]!, vpn);
  const pte = m.ptes[at]!;
  if (at === 0 || !isMigration(pte) || ptePayload(pte) !== source) return false;
  setPte(m, at, presentPte(target, pteBits(pte & ~PTE_MIGRATION)));
  m.others?.wake(at);
  return true;
}

/**
 * One VMA has unlocked a page, or no longer maps it: it stays resident if another one that maps it is locked
 * (munlock_vma_folio; Linux counts them in mlock_count, and guesses where it cannot).
 */
export function munlockMapping(m: Machine, pfn: Pfn): void {
  const mapping = mappingOfPage(m, pfn);
  if (m.mapKind[mapping] === MAPPING_KSM) {
    let locked = false;
    eachStablePlace(m, pfn, (vma, vpn) => {
      const pte = pteOf(m, m.vmaMm[vma]!, vpn);
      if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0 && isPresent(pte) && ptePayload(pte) === pfn) locked = true;
    });
    if (!locked) munlockPage(m, pfn);
    return;
  }
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
  if (m.mapKind[mapping] === MAPPING_KSM)
    eachStablePlace(m, pfn, (vma, vpn) => {
      if (takeForGood(m, vma, vpn, pfn, replacement)) onEntry();
    });
  const offset = m.index[pfn]! - m.mapBase[mapping]!;
  for (let link = m.mapLinks[mapping]!; link !== 0 && m.mapcount[pfn] !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn >= 0 && takeForGood(m, vma, vpn, pfn, replacement)) onEntry();
  }
  return m.mapcount[pfn] === 0;
}

/** One entry, if it maps the page (try_to_unmap_one). */
function takeForGood(m: Machine, vma: number, vpn: number, pfn: Pfn, replacement: number): boolean {
  const mm = m.vmaMm[vma]!;
  const at = pteAt(m, mm, vpn);
  const pte = m.ptes[at]!;
  if (at === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) return false;
  noteDirty(m, pfn, takePte(m, at, replacement));
  tlbFlushPage(m, mm, vpn);
  m.mapcount[pfn] = m.mapcount[pfn]! - 1;
  refSub(m, pfn, 1);
  return true;
}

/** Carries the dirty bit of an entry that goes away to its page; for anonymous pages only swap cares. */
export function noteDirty(m: Machine, pfn: Pfn, pte: number): void {
  if ((pte & PTE_DIRTY) === 0) return;
  if ((m.flags[pfn]! & PG_ANON) !== 0) m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  else markDirty(m, pfn);
}
