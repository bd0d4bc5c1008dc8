import type { MemoryHost } from '../host/memory-host.js';
import type { Job } from './strategy.js';

/** From a look at 1/4096 of each list to all of it, mm/vmscan.c. */
const DEF_PRIORITY = 12;

/**
 * Reclaims what is missing and no more, oldest pages first. What it frees need not be where it was wanted (a zone may
 * have to rise above its mark first), so it asks again until nothing is missing or nothing can be freed. Returns how many
 * pages it freed.
 */
export function* makeRoom(host: MemoryHost, missing: () => number): Job<number> {
  const before = host.reclaim.counters.reclaimed;
  for (let wanted = missing(); wanted > 0; wanted = missing()) {
    const freed = yield* reclaim(host, wanted);
    host.drain();
    if (freed === 0) break;
  }
  return host.reclaim.counters.reclaimed - before;
}

/** So many pages, with growing urgency; zones for movable memory first, for every page may move there. */
function* reclaim(host: MemoryHost, wanted: number): Job<number> {
  const zones = [...host.layout.zones.keys()].reverse();
  const before = host.reclaim.counters.reclaimed;
  const freed = () => host.reclaim.counters.reclaimed - before;
  for (let priority = DEF_PRIORITY; priority >= 0 && freed() < wanted; priority--) {
    const { scanned } = host.reclaim.counters;
    for (const zone of zones) if (freed() < wanted) host.reclaim.shrinkZone(zone, priority, wanted - freed());
    if (freed() >= wanted || host.reclaim.counters.scanned === scanned) continue;
    yield { step: 'reclaiming', done: freed(), total: wanted };
    // Writes that this pass began end meanwhile, and the next one finds the pages clean.
    host.relax();
  }
  return freed();
}
