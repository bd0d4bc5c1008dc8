import type { Pageout, Reclaim, ReclaimCounters } from '../host/reclaim.js';
import type { Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';
import { pageout } from './pageout.js';
import { shrinkZone } from './shrink-zone.js';

/** CPU on which kswapd runs. */
const CPU = 0;

/** Reclaim on a simulated machine, one step at a time. */
export class SimReclaim implements Reclaim {
  constructor(private readonly machine: Machine) {}

  get counters(): ReclaimCounters {
    const { scalars } = this.machine;
    return {
      scanned: scalars[SCALAR.pgscan]!,
      reclaimed: scalars[SCALAR.pgsteal]!,
      swappedOut: scalars[SCALAR.pswpout]!,
    };
  }

  shrinkZone(zone: number, priority: number, wanted: number): number {
    return shrinkZone(this.machine, CPU, zone, priority, wanted);
  }

  pageout(pfn: Pfn): Pageout {
    return pageout(this.machine, CPU, pfn);
  }
}
