import type { MemoryHost } from '../host/memory-host.js';
import { MAX_PAGE_ORDER, type Order, type Pfn } from '../mm/units.js';

/**
 * Where pages are moved to, the kernel's pair of new_folio_t and free_folio_t that every caller of migrate_pages()
 * brings along. It must never hand out a page of the range that is being emptied; the service does not know the range.
 */
export interface TargetSource {
  /** 2^order free pages for `source` to move to, as `FreeMemory.take` gives them; NO_PAGE if there are none. */
  get(order: Order, source: Pfn): Pfn;
  /** Takes back a target that nothing was moved to. */
  put(pfn: Pfn, order: Order): void;
}

/**
 * Says where pages go when whoever has them moved does not; one of one's own takes the place of `smallestHoles`.
 *
 * @example
 * const fromHoles: TargetAllocator = { targetsFor: (host, spared): TargetSource => smallestHoles(host, spared) };
 * const mine = new ContainerModule(({ rebind }) => {
 *   rebind(TargetAllocator).toConstantValue(fromHoles);
 * });
 * const { offline } = createEvacuator({ host: simModule(machine), plugins, modules: [mine] });
 */
export interface TargetAllocator {
  /** Targets of one migration on this host, with `sparedOrder` as the request has it. */
  targetsFor(host: MemoryHost, sparedOrder?: Order): TargetSource;
}

/** Its token, for a module that replaces where pages go. */
export const TargetAllocator = Symbol.for('vacate/TargetAllocator');

/**
 * The smallest block that serves; blocks of `sparedOrder` and above break only when nothing smaller is left.
 *
 * @example
 * const targets = smallestHoles(host);
 * const target = targets.get(0, 8192);
 * target !== NO_PAGE; // true
 * targets.put(target, 0);
 */
export function smallestHoles(host: MemoryHost, sparedOrder: Order = MAX_PAGE_ORDER + 1): TargetSource {
  return {
    get: (order, source) => host.allocateTarget(order, source, sparedOrder),
    put: (pfn, order) => host.freeTarget(pfn, order),
  };
}

/** The one that vacate has. Hosts may move many pages at a time for it, since they know where those go. */
export const SMALLEST_HOLES: TargetAllocator = { targetsFor: smallestHoles };
