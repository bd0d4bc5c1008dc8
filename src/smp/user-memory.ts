import { isPresent, PTE_DIRTY, PTE_WRITE, ptePayload } from '../mm/pte.js';
import { ACCESS_OK, type Access } from '../sim/access.js';
import type { Machine } from '../sim/machine.js';
import { pteAt } from '../sim/page-tables.js';
import type { Trap } from './trap.js';
import type { UserMode } from './user-mode.js';

/** Memory as a process in user mode has it: through its CPU's TLB, page tables and faults. */
export interface UserMemory {
  /** The word at a virtual page; below 0 the reason why it cannot be read, `-ACCESS_FAULT` or `-ACCESS_NO_MEMORY`. */
  load(mm: number, vpn: number, word: number): number;
  /** Stores a word; ACCESS_OK, ACCESS_FAULT or ACCESS_NO_MEMORY. */
  store(mm: number, vpn: number, word: number, value: number): Access;
  /**
   * The frame that an access goes to, as the hardware finds it; below 0 as `load`. It holds until the CPU answers a
   * shootdown, which it does at the beginning of every call of these, and in the kernel.
   */
  translate(mm: number, vpn: number, write: boolean): number;
}

/** About what a processor of today has in its second level; more would only need more cache. */
const TLB_ENTRIES = 512;
/** An entry is the epoch in which it was cached, process, virtual page, and the page-table entry as it was. */
const ENTRY_WORDS = 4;
const READY = PTE_WRITE | PTE_DIRTY;

/**
 * The TLB of user mode is the thread's own, not a column: plain words that nobody else sees are the quickest there are.
 * What it holds counts only in the epoch in which it was cached, so a shootdown empties it at no cost.
 */
export function createUserMemory(machine: Machine, mode: UserMode, trap: Trap): UserMemory {
  const { contents, contentWords } = machine;
  const tlb = new Int32Array(TLB_ENTRIES * ENTRY_WORDS);

  function translate(mm: number, vpn: number, write: boolean): number {
    const at = ((vpn + mm * 37) % TLB_ENTRIES) * ENTRY_WORDS;
    for (;;) {
      mode.use(mm);
      const epoch = mode.epoch();
      if (tlb[at] === epoch && tlb[at + 1] === mm && tlb[at + 2] === vpn) {
        const pte = tlb[at + 3]!;
        if (!write || (pte & READY) === READY) return ptePayload(pte);
      }
      const pte = walk(machine, mm, vpn, write);
      if (pte !== 0) {
        tlb[at] = epoch;
        tlb[at + 1] = mm;
        tlb[at + 2] = vpn;
        tlb[at + 3] = pte;
        return ptePayload(pte);
      }
      const access = trap(mm, vpn, write);
      if (access !== ACCESS_OK) return -access;
    }
  }

  return {
    translate,
    load(mm, vpn, word) {
      const pfn = translate(mm, vpn, false);
      return pfn < 0 ? pfn : contents[pfn * contentWords + word]!;
    },
    store(mm, vpn, word, value) {
      const pfn = translate(mm, vpn, true);
      if (pfn < 0) return -pfn as Access;
      contents[pfn * contentWords + word] = value;
      return ACCESS_OK;
    },
  };
}

/** Walks the page tables as the hardware does, setting the dirty bit for a write; 0 if the access has to trap. */
export function walk(m: Machine, mm: number, vpn: number, write: boolean): number {
  const at = pteAt(m, mm, vpn);
  if (at === 0) return 0;
  for (;;) {
    const pte = Atomics.load(m.ptes, at);
    if (!isPresent(pte)) return 0;
    if (!write) return pte;
    if ((pte & PTE_WRITE) === 0) return 0;
    const dirty = (pte | PTE_DIRTY) >>> 0;
    if (dirty === pte || Atomics.compareExchange(m.ptes, at, pte, dirty) === pte) return dirty;
  }
}
