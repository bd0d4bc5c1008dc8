import type { FreeMemory } from '../../host/free-memory.js';
import type { Pfn } from '../../mm/units.js';
import { NO_PAGE } from '../../mm/units.js';

/**
 * One page as alloc_pages(GFP_HIGHUSER, 0) gives it on a node: above the low watermarks if it can, else above min, from
 * the CPU's own list first. Nobody is reclaimed for it. NO_PAGE if there is none.
 */
export function ordinaryTarget(free: FreeMemory, node: number): Pfn {
  const request = { order: 0, node, ownNode: true, highest: 'Movable' } as const;
  const easy = free.allocate({ ...request, mark: 'low' });
  return easy !== NO_PAGE ? easy : free.allocate({ ...request, mark: 'min' });
}
