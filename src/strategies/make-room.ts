import type { MemoryHost } from '../host/memory-host.js';
import type { Job } from './strategy.js';

/** From a look at 1/4096 of each list to all of it, mm/vmscan.c. */
const DEF_PRIORITY = 12;
/** Others may take as fast as it frees: so many rounds may bring it no nearer (MAX_RECLAIM_RETRIES, mm/page_alloc.c). */
const MAX_FRUITLESS_ROUNDS = 16;
/** Pages freed by one pass over a zone, at most: some 10 ms, which whoever wants to stop it does not notice. */
export const PAGES_AT_ONCE = 8192;

/** What looking for room came to. */
export interface RoomMade {
  /** Pages freed, wherever they were. */
  readonly freed: number;
  /** True if nothing more could be freed; false also if others took what was. */
  readonly isExhausted: boolean;
}

/**
 * Reclaims what is missing and no more, oldest pages first. What it frees need not be where it was wanted (a zone may
 * have to rise above its mark first), so it asks again until nothing is missing or it comes no nearer. Zones come in the
 * order given; without one, those for movable memory first, as every page may move there.
 */
export function* makeRoom(
  host: MemoryHost,
  missing: () => number,
  zones: readonly number[] = [...host.layout.zones.keys()].reverse(),
): Job<RoomMade> {
  const before = host.reclaim.counters.reclaimed;
  let least = Number.POSITIVE_INFINITY;
  let isExhausted = false;
  for (let fruitless = 0; fruitless < MAX_FRUITLESS_ROUNDS && !isExhausted; ) {
    const wanted = missing();
    if (wanted === 0) break;
    fruitless = wanted < least ? 0 : fruitless + 1;
    least = Math.min(least, wanted);
    isExhausted = (yield* reclaim(host, wanted, zones)) === 0;
    host.drain();
  }
  return { freed: host.reclaim.counters.reclaimed - before, isExhausted };
}

/** So many pages, with growing urgency. */
function* reclaim(host: MemoryHost, wanted: number, zones: readonly number[]): Job<number> {
  const before = host.reclaim.counters.reclaimed;
  const freed = () => host.reclaim.counters.reclaimed - before;
  for (let priority = DEF_PRIORITY; priority >= 0 && freed() < wanted; priority--) {
    const { scanned } = host.reclaim.counters;
    for (const zone of zones) if (freed() < wanted) yield* shrinkZone(host, zone, priority, wanted - freed());
    if (freed() >= wanted || host.reclaim.counters.scanned === scanned) continue;
    yield { step: 'reclaiming', done: freed(), total: wanted };
    // Writes that this pass began end meanwhile, and the next one finds the pages clean.
    host.relax();
  }
  return freed();
}

/** One pass over a zone. One that was to free many goes on, after a pause, where it had freed as many as it might. */
function* shrinkZone(host: MemoryHost, zone: number, priority: number, wanted: number): Job<void> {
  for (let left = wanted; left > 0; ) {
    const most = Math.min(left, PAGES_AT_ONCE);
    const freed = host.reclaim.shrinkZone(zone, priority, most);
    left -= freed;
    if (freed < most || left === 0) return;
    yield { step: 'reclaiming', done: wanted - left, total: wanted };
  }
}
