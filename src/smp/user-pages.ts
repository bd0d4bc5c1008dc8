import { isPresent, PTE_DIRTY, PTE_WRITE, ptePayload } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { ACCESS_OK } from '../sim/access.js';
import type { Machine } from '../sim/machine.js';
import { putPage } from '../sim/page-allocator.js';
import { getPageUnlessZero } from '../sim/page-ref.js';
import { pteAt } from '../sim/page-tables.js';
import { noteDirty } from '../sim/rmap.js';
import type { KernelGate } from './kernel-gate.js';
import type { Trap } from './trap.js';
import type { UserMode } from './user-mode.js';

/** Pages that a device is to read or write while their process goes on (get_user_pages). */
export interface UserPages {
  /** The frame of a virtual page, with a reference that keeps it where it is; below 0 the reason why there is none. */
  getUserPage(mm: number, vpn: number, write: boolean): Pfn;
  /** Drops that reference. `wrote`: the device has written, which no page-table entry knows (set_page_dirty_lock). */
  putUserPage(pfn: Pfn, wrote?: boolean): void;
}

export function createUserPages(
  machine: Machine,
  cpu: number,
  mode: UserMode,
  gate: KernelGate,
  trap: Trap,
): UserPages {
  const { ptes, count } = machine;

  /** Only those who hold the kernel lock drop a last reference: whoever counts there counts right. */
  function putUserPage(pfn: Pfn, wrote = false): void {
    for (let left = Atomics.load(count, pfn); left > 1 && !wrote; left = Atomics.load(count, pfn))
      if (Atomics.compareExchange(count, pfn, left, left - 1) === left) return;
    gate.kernel(() => {
      if (wrote) noteDirty(machine, pfn, PTE_DIRTY);
      putPage(machine, cpu, pfn);
    });
  }

  return {
    putUserPage,
    getUserPage(mm, vpn, write) {
      const wanted = write ? PTE_WRITE | PTE_DIRTY : 0;
      for (;;) {
        mode.use(mm);
        const at = pteAt(machine, mm, vpn);
        const pte = at === 0 ? 0 : Atomics.load(ptes, at);
        if (!isPresent(pte) || (pte & wanted) !== wanted) {
          const access = trap(mm, vpn, write);
          if (access !== ACCESS_OK) return -access;
          continue;
        }
        const pfn = ptePayload(pte);
        if (!getPageUnlessZero(machine, pfn)) continue;
        // Found through an entry that is gone by now, the page may be anybody's (get_user_pages_fast).
        if (Atomics.load(ptes, at) === pte) return pfn;
        putUserPage(pfn);
      }
    },
  };
}
