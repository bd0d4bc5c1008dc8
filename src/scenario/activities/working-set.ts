import type { Prng } from '../../base/prng.js';
import { isFile, isMigration } from '../../mm/pte.js';
import { VM_NONLINEAR, vmasOf } from '../../sim/address-space.js';
import { type Machine, SCALAR } from '../../sim/machine.js';
import { pteOf } from '../../sim/page-tables.js';

/** Virtual pages of several processes, side by side. */
export interface WorkingSet {
  readonly nrPages: number;
  readonly mms: Uint32Array;
  readonly vpns: Uint32Array;
}

/** So many virtual pages at random of those that processes have now, in memory or in swap; all, if there are fewer. */
export function chooseWorkingSet(m: Machine, wanted: number, of: 'anonymous' | 'all', prng: Prng): WorkingSet {
  const mms = new Uint32Array(wanted);
  const vpns = new Uint32Array(wanted);
  let seen = 0;
  for (let mm = 1; mm <= (m.scalars[SCALAR.mmFill] as number); mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm)) {
      if ((of === 'anonymous' && m.vmaFile[vma] !== 0) || ((m.vmaFlags[vma] as number) & VM_NONLINEAR) !== 0) continue;
      const start = m.vmaStart[vma] as number;
      const end = start + (m.vmaPages[vma] as number);
      for (let vpn = start; vpn < end; vpn++) {
        const pte = pteOf(m, mm, vpn);
        if (pte === 0 || isFile(pte) || isMigration(pte)) continue;
        // Every page has the same chance to stay in the sample (reservoir sampling).
        const at = seen < wanted ? seen : prng.below(seen + 1);
        seen++;
        if (at >= wanted) continue;
        mms[at] = mm;
        vpns[at] = vpn;
      }
    }
  }
  return { nrPages: Math.min(seen, wanted), mms, vpns };
}
