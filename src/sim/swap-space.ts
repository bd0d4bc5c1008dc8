import type { SwapSpace } from '../host/memory-host.js';
import type { Pfn } from '../mm/units.js';
import { tryToFreeSwap } from './address-space.js';
import { type Machine, SCALAR } from './machine.js';
import { addToSwap } from './swap.js';

/** CPU on which algorithms run. */
const CPU = 0;

/** The simulated machine's swap, as algorithms see it that move anonymous pages by way of it. */
export class SimSwapSpace implements SwapSpace {
  constructor(private readonly machine: Machine) {}

  get slots(): number {
    return this.machine.spec.nrSwapSlots;
  }

  get used(): number {
    return this.machine.scalars[SCALAR.swapUsed]!;
  }

  add(pfn: Pfn): boolean {
    return addToSwap(this.machine, pfn);
  }

  remove(pfn: Pfn): void {
    tryToFreeSwap(this.machine, CPU, pfn);
  }
}
