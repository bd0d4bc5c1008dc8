import type { PlainAllocation } from '../../host/free-memory.js';
import type { MemoryHost } from '../../host/memory-host.js';
import type { TargetSource } from '../../migration/target-source.js';
import { NO_PAGE, type Order } from '../../mm/units.js';
import type { ZoneKind, ZoneShape } from '../../mm/zone.js';

/** Where an ordinary allocation on behalf of a page may go. */
export interface TargetPolicy {
  /** False: never back to the node that the page is on. */
  readonly ownNode: boolean;
  /** Highest zone for a page of this zone. */
  highest(zone: ZoneShape): ZoneKind;
}

/**
 * Targets from the allocator as it is: zone by zone in the order of the zonelist, per-CPU lists and free lists as they
 * come, first above the low watermarks and, only where that fails, down to min (alloc_pages without its reclaim).
 */
export function ordinaryTargets(host: MemoryHost, policy: TargetPolicy): TargetSource {
  const { free, layout } = host;
  const requests = layout.zones.map((zone) => requestsFor(zone, policy, 0));
  return {
    get(order, source) {
      const zone = host.zoneOf(source);
      const { low, min } = order === 0 ? requests[zone]! : requestsFor(layout.zones[zone]!, policy, order);
      const easy = free.allocate(low);
      return easy !== NO_PAGE ? easy : free.allocate(min);
    },
    put: (pfn, order) => free.give(pfn, order),
  };
}

function requestsFor(zone: ZoneShape, policy: TargetPolicy, order: Order): Record<'low' | 'min', PlainAllocation> {
  const request = { order, node: zone.node, ownNode: policy.ownNode, highest: policy.highest(zone) };
  return { low: { ...request, mark: 'low' }, min: { ...request, mark: 'min' } };
}
