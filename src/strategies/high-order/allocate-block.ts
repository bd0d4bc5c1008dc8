import type { MemoryHost } from '../../host/memory-host.js';
import { NO_PAGE, type Order, type Pfn } from '../../mm/units.js';

/** Node of an allocation that may be served from these zones; the first one if from all. */
export function nodeOf({ layout }: MemoryHost, zones?: readonly number[]): number {
  return layout.zones[zones?.[0] ?? 0]?.node ?? 0;
}

/**
 * A free block of the order as it lies about, for user memory: what an allocation finds that stays above the min
 * watermarks and leaves each zone its reserve. With zones, which are to be one node's, no other serves (__GFP_THISNODE).
 * NO_PAGE if there is none.
 */
export function allocateBlock(host: MemoryHost, order: Order, zones?: readonly number[]): Pfn {
  const { free } = host;
  const pfn = free.allocate({ order, node: nodeOf(host, zones), ownNode: true, mark: 'min', highest: 'Movable' });
  if (pfn === NO_PAGE || zones === undefined || zones.includes(host.zoneOf(pfn))) return pfn;
  free.give(pfn, order);
  return NO_PAGE;
}

/**
 * How many such blocks could be had one after the other as things are. They are taken and given back: as after any
 * allocations, free lists may stand in another order, and pageblocks that were none be movable.
 */
export function countAllocatable(host: MemoryHost, order: Order, zones?: readonly number[]): number {
  const held: Pfn[] = [];
  for (let pfn = allocateBlock(host, order, zones); pfn !== NO_PAGE; pfn = allocateBlock(host, order, zones))
    held.push(pfn);
  for (const pfn of held) host.free.give(pfn, order);
  return held.length;
}
