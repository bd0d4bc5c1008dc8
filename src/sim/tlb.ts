import { mix32 } from '../base/prng.js';
import { type Machine, TLB_ENTRIES } from './machine.js';

/**
 * Each CPU's cache of translations, direct-mapped: three words an entry, process, vpn + 1, and the page-table entry as
 * it was. It is not kept in step with the page tables: whoever changes an entry must flush, or stale writes go astray.
 */
function entryAt(cpu: number, mm: number, vpn: number): number {
  return (cpu * TLB_ENTRIES + (mix32(vpn ^ (mm << 20)) % TLB_ENTRIES)) * 3;
}

/** The cached page-table entry, 0 if there is none. */
export function tlbLookup(m: Machine, cpu: number, mm: number, vpn: number): number {
  const at = entryAt(cpu, mm, vpn);
  return m.tlb[at] === mm && m.tlb[at + 1] === vpn + 1 ? m.tlb[at + 2]! : 0;
}

export function tlbFill(m: Machine, cpu: number, mm: number, vpn: number, pte: number): void {
  const at = entryAt(cpu, mm, vpn);
  m.tlb[at] = mm;
  m.tlb[at + 1] = vpn + 1;
  m.tlb[at + 2] = pte;
}

/** Flushes one page's translation on every CPU (flush_tlb_page). */
export function tlbFlushPage(m: Machine, mm: number, vpn: number): void {
  if (m.others !== null) {
    m.others.shootdown(mm);
    return;
  }
  for (let cpu = 0; cpu < m.spec.nrCpus; cpu++) {
    const at = entryAt(cpu, mm, vpn);
    if (m.tlb[at] === mm && m.tlb[at + 1] === vpn + 1) m.tlb.fill(0, at, at + 3);
  }
}

/** Flushes what any CPU has of a process (flush_tlb_mm). */
export function tlbFlushMm(m: Machine, mm: number): void {
  if (m.others === null) m.tlb.fill(0);
  else m.others.shootdown(mm);
}

/** Flushes everything on every CPU; all have acknowledged when it returns. */
export function tlbFlushAll(m: Machine): void {
  if (m.others === null) m.tlb.fill(0);
  else m.others.shootdown();
}

/** One CPU forgets everything: what it does when another asks it to. */
export function tlbForget(m: Machine, cpu: number): void {
  m.tlb.fill(0, cpu * TLB_ENTRIES * 3, (cpu + 1) * TLB_ENTRIES * 3);
}
