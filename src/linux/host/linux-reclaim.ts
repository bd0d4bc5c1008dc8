import type { SwapSpace } from '../../host/memory-host.js';
import type { Reclaim, ReclaimCounters } from '../../host/reclaim.js';
import { PAGE_SIZE } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { cannotAsk } from './host-verbs.js';

const KIB = 1024;

/** A host's reclaim: it counts, it cannot be asked. Counters are since boot. */
export class LinuxReclaim implements Reclaim {
  constructor(private readonly tree: LinuxTree) {}

  get counters(): ReclaimCounters {
    const vmstat = this.tree.text('/proc/vmstat') ?? '';
    // Older kernels count by zone (pgscan_kswapd_normal), newer ones by who scanned; each page is in one of either.
    const sum = (name: RegExp) => [...vmstat.matchAll(name)].reduce((pages, [, count]) => pages + Number(count), 0);
    return {
      scanned: sum(/^pgscan_(?:kswapd|direct|khugepaged|proactive) (\d{1,15})$/gm),
      reclaimed: sum(/^pgsteal_(?:kswapd|direct|khugepaged|proactive) (\d{1,15})$/gm),
      swappedOut: sum(/^pswpout (\d{1,15})$/gm),
    };
  }

  shrinkZone(): never {
    return cannotAsk('reclaim.shrinkZone');
  }

  pageout(): never {
    return cannotAsk('reclaim.pageout');
  }
}

/** A host's swap, as /proc/meminfo has it now; 0 slots without it. */
export class LinuxSwapSpace implements SwapSpace {
  constructor(private readonly tree: LinuxTree) {}

  get slots(): number {
    return this.#slots('SwapTotal');
  }

  get used(): number {
    return Math.max(0, this.slots - this.#slots('SwapFree'));
  }

  add(): never {
    return cannotAsk('swap.add');
  }

  remove(): never {
    return cannotAsk('swap.remove');
  }

  #slots(field: 'SwapTotal' | 'SwapFree'): number {
    const meminfo = this.tree.text('/proc/meminfo') ?? '';
    const kib = new RegExp(`^${field}:\\s+(\\d{1,15}) kB$`, 'm').exec(meminfo)?.[1] ?? '0';
    return Math.floor((Number(kib) * KIB) / PAGE_SIZE);
  }
}
