import type { MemoryHost } from '../host/memory-host.js';
import type { Job } from './strategy.js';

/** From a look at 1/4096 of each list to all of it, mm/vmscan.c. */
const DEF_PRIORITY = 12;

/**
 * Reclaims so many pages and no more, the oldest first, with growing urgency; zones that take only movable memory come
 * first, for every page may move there. Returns how many it freed, which may be fewer.
 */
export function* makeRoom(host: MemoryHost, wanted: number): Job<number> {
  const { zones } = host.layout;
  const order = [...zones.keys()].reverse();
  const before = host.reclaim.counters.reclaimed;
  const freed = () => host.reclaim.counters.reclaimed - before;
  for (let priority = DEF_PRIORITY; priority >= 0; priority--) {
    for (const zone of order) {
      if (freed() >= wanted) break;
      host.reclaim.shrinkZone(zone, priority, wanted - freed());
    }
    if (freed() >= wanted) break;
    yield { step: 'reclaiming', done: freed(), total: wanted };
    // Writes that this pass began end meanwhile, and the next one finds the pages clean.
    host.relax();
  }
  host.drain();
  return freed();
}
