import { Prng } from '../../../src/base/prng.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { createProcess, zapPte } from '../../../src/sim/address-space.js';
import type { Machine } from '../../../src/sim/machine.js';
import { expectSound, mapInto, put, settle, smallMachine, zone } from '../sim/small-machine.js';

export const isFree = (m: Machine, pfn: number): boolean => (m.flags[pfn]! & FREE_FLAGS) !== 0;

/** Aligned ranges of the order that are entirely free, inside one zone. */
export function freeRanges(m: Machine, order: number): number {
  const size = 2 ** order;
  let free = 0;
  for (let start = 0; start + size <= m.spec.nrPfns; start += size) {
    let whole = m.zoneOfPageblock[start >> 9] === m.zoneOfPageblock[(start + size - 1) >> 9];
    for (let pfn = start; whole && pfn < start + size; pfn++) whole = isFree(m, pfn);
    if (whole) free++;
  }
  return free;
}

/** Anonymous pages everywhere, then holes: so many of the processes of `share` pages each are gone. */
export function holey(pages: number, seed: number, keep = 0.6, share = 8, spare = 64): Machine {
  const zones = [zone('Normal', 0, 1024, 8), zone('Movable', 1024, pages, 16)];
  const tables = Math.ceil(pages / share) * 3 + 64;
  const capacity = { processes: 4, vmas: 8 + pages, mappings: 8 + pages, extents: 64 + pages * 2, tables, leaves: 64 };
  const m = smallMachine({ pages, zones, swap: 0, capacity, blockPages: 512 });
  const prng = new Prng(seed);
  const task = mapInto(m, createProcess(m, 0), pages - 1024 - spare);
  const vpns: number[] = [];
  for (let page = 0; page < pages - 1024 - spare; page++) {
    put(m, task.mm, task.start + page, 7, page);
    vpns.push(task.start + page);
  }
  settle(m);
  // Holes as madvise(MADV_DONTNEED) makes them.
  zapSome(m, task.mm, vpns, prng, 1 - keep);
  settle(m);
  expectSound(m);
  return m;
}

export function zapSome(m: Machine, mm: number, vpns: readonly number[], prng: Prng, share: number): void {
  const vma = m.mmVmas[mm]!;
  for (const vpn of vpns) if (prng.chance(share)) zapPte(m, 0, mm, vpn, vma);
}
