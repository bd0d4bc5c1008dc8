import type { PageEntries } from '../handler/page-entries.js';
import { PG_MLOCKED } from '../mm/page-flags.js';
import { isMigration, isPresent, migrationPte, PTE_MIGRATION, presentPte, pteBits, ptePayload } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { mappingOfPage } from './mappings.js';
import { mlockPage } from './mlock.js';
import { getPage, refSub } from './page-ref.js';
import { pteAt, setPte, takePte } from './page-tables.js';
import { VM_LOCKED, VM_NONLINEAR } from './vm-flags.js';

/**
 * Page-table entries by VMA, as handlers see them. A VMA goes by its link to the mapping, which is what the mapping's list
 * is made of.
 */
export class SimPageEntries implements PageEntries {
  constructor(private readonly machine: Machine) {}

  nextVma(pfn: Pfn, vma: number): number {
    const m = this.machine;
    if (vma !== 0) return m.linkNext[vma]!;
    const mapping = mappingOfPage(m, pfn);
    return mapping === 0 ? 0 : m.mapLinks[mapping]!;
  }

  isNonlinear(vma: number): boolean {
    const m = this.machine;
    return (m.vmaFlags[m.linkVma[vma]!]! & VM_NONLINEAR) !== 0;
  }

  nrPages(vma: number): number {
    const m = this.machine;
    return m.vmaPages[m.linkVma[vma]!]!;
  }

  unmap(pfn: Pfn, vma: number, at: number): boolean {
    const m = this.machine;
    const entry = this.#entryAt(vma, at);
    const pte = m.ptes[entry]!;
    if (entry === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) return false;
    setPte(m, entry, migrationPte(takePte(m, entry, 0)));
    m.mapcount[pfn] = m.mapcount[pfn]! - 1;
    refSub(m, pfn, 1);
    return true;
  }

  remap(source: Pfn, target: Pfn, vma: number, at: number): boolean {
    const m = this.machine;
    const entry = this.#entryAt(vma, at);
    const pte = m.ptes[entry]!;
    if (entry === 0 || !isMigration(pte) || ptePayload(pte) !== source) return false;
    setPte(m, entry, presentPte(target, pteBits(pte & ~PTE_MIGRATION)));
    m.others?.wake(entry);
    m.mapcount[target] = m.mapcount[target]! + 1;
    getPage(m, target);
    // mlock passes over migration entries: what it said of the VMA is made good here (mlock_vma_folio).
    const isLocked = (m.vmaFlags[m.linkVma[vma]!]! & VM_LOCKED) !== 0;
    if (isLocked && (m.flags[target]! & PG_MLOCKED) === 0) mlockPage(m, target);
    return true;
  }

  #entryAt(vma: number, at: number): number {
    const m = this.machine;
    const of = m.linkVma[vma]!;
    return pteAt(m, m.vmaMm[of]!, m.vmaStart[of]! + at);
  }
}
