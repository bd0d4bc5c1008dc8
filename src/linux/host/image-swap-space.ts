import type { SwapSpace } from '../../host/memory-host.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { PG_ANON, PG_SWAPCACHE } from '../../mm/page-flags.js';
import { isOwned } from './host-columns.js';
import { cannotAsk } from './host-verbs.js';

const CACHED = PG_ANON | PG_SWAPCACHE;

/** Swap of a machine as it was read: used by what the swap cache has, as what was swapped out is on nobody's page. */
export class ImageSwapSpace implements SwapSpace {
  #used: number | null = null;

  constructor(private readonly image: MachineImage) {}

  get slots(): number {
    return this.image.nrSwapSlots;
  }

  get used(): number {
    this.#used ??= nrSwapCached(this.image);
    return this.#used;
  }

  add(): never {
    return cannotAsk('swap.add');
  }

  remove(): never {
    return cannotAsk('swap.remove');
  }
}

/** Pages of the swap cache; without swap there are none. */
function nrSwapCached({ flags, nrSwapSlots }: MachineImage): number {
  if (nrSwapSlots === 0) return 0;
  let nr = 0;
  for (let pfn = 0; pfn < flags.length; pfn++) {
    const word = flags[pfn]!;
    if ((word & CACHED) === CACHED && isOwned(word)) nr++;
  }
  return nr;
}
