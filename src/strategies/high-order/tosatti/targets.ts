import type { MemoryHost } from '../../../host/memory-host.js';
import type { TargetSource } from '../../../migration/target-source.js';
import { contains, type PfnRange } from '../../../mm/pfn-range.js';
import { NO_PAGE, type Order, type Pfn } from '../../../mm/units.js';
import { ordinaryPages } from '../../ordinary-targets.js';
import type { HazardReport } from './hazards.js';
import type { Deviations } from './switches.js';

/**
 * Where pages go: wherever the ordinary allocator says. As meant, a page of the range that is being vacated is put aside
 * and another one taken, so that nothing moves in behind the walk, and what was put aside joins its block in the end.
 */
export class Targets implements TargetSource {
  /** Nothing may move in here. */
  window: PfnRange = { start: 0, end: 0 };
  readonly #aside = new Set<Pfn>();
  readonly #allocate: () => Pfn;

  constructor(
    private readonly host: MemoryHost,
    node: number,
    private readonly on: Deviations,
    private readonly hazards: HazardReport,
  ) {
    this.#allocate = ordinaryPages(host.free, node);
  }

  /** Ours, and as good as free. */
  hasAside(pfn: Pfn): boolean {
    return this.#aside.has(pfn);
  }

  get(_order: Order, source: Pfn): Pfn {
    if (this.on['unlocked-list-walk']) this.hazards.add('sleep-in-atomic', source);
    for (;;) {
      const pfn = this.#allocate();
      if (pfn === NO_PAGE || this.on['target-not-excluded'] || !contains(this.window, pfn)) return pfn;
      this.#aside.add(pfn);
    }
  }

  put(pfn: Pfn, order: Order): void {
    if (this.on['target-not-excluded']) this.host.free.free(pfn, order);
    else this.host.free.give(pfn, order);
  }

  /** Gives back what was put aside: straight to buddy, where it merges with what was vacated. */
  release(): void {
    for (const pfn of this.#aside) this.host.free.give(pfn, 0);
    this.#aside.clear();
  }
}
