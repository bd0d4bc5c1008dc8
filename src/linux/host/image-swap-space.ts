import type { SwapSpace } from '../../host/memory-host.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { cannotAsk } from './host-verbs.js';
import type { ImageTally } from './image-tally.js';

/** Swap of a machine as it was read: used by what the swap cache has, as what was swapped out is on nobody's page. */
export class ImageSwapSpace implements SwapSpace {
  constructor(
    private readonly image: MachineImage,
    private readonly tally: ImageTally,
  ) {}

  get slots(): number {
    return this.image.nrSwapSlots;
  }

  get used(): number {
    return this.tally.nrSwapCached;
  }

  add(): never {
    return cannotAsk('swap.add');
  }

  remove(): never {
    return cannotAsk('swap.remove');
  }
}
