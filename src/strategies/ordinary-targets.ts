import type { FreeMemory, PlainAllocation } from '../host/free-memory.js';
import type { MemoryHost } from '../host/memory-host.js';
import type { TargetSource } from '../migration/target-source.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import type { ZoneKind, ZoneShape } from '../mm/zone.js';

/**
 * Allocations as alloc_pages makes them without its reclaim: zone by zone in the order of the zonelist, per-CPU lists and
 * free lists as they come, first above the low watermarks and, only where that fails, down to min. NO_PAGE if there is
 * nothing.
 */
export function ordinaryAllocation(free: FreeMemory, request: Omit<PlainAllocation, 'mark'>): () => Pfn {
  const [low, min] = [{ ...request, mark: 'low' } as const, { ...request, mark: 'min' } as const];
  return () => {
    const easy = free.allocate(low);
    return easy !== NO_PAGE ? easy : free.allocate(min);
  };
}

/** Pages for user memory of a node, one at a time (alloc_pages(GFP_HIGHUSER, 0)). */
export function ordinaryPages(free: FreeMemory, node: number): () => Pfn {
  return ordinaryAllocation(free, { order: 0, node, ownNode: true, highest: 'Movable' });
}

/** Where an ordinary allocation on behalf of a page may go. */
export interface TargetPolicy {
  /** False: never back to the node that the page is on. */
  readonly ownNode: boolean;
  /** Highest zone for a page of this zone. */
  highest(zone: ZoneShape): ZoneKind;
}

/** Targets from the allocator as it is. */
export function ordinaryTargets(host: MemoryHost, { ownNode, highest }: TargetPolicy): TargetSource {
  const { free, layout } = host;
  const allocations = (order: number) =>
    layout.zones.map((zone) => ordinaryAllocation(free, { order, node: zone.node, ownNode, highest: highest(zone) }));
  const byOrder = [allocations(0)];
  return {
    get(order, source) {
      byOrder[order] ??= allocations(order);
      return byOrder[order][host.zoneOf(source)]!();
    },
    put: (pfn, order) => free.give(pfn, order),
  };
}
