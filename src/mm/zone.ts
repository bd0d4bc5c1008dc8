/** Zones from the most to the least capable of taking kernel pages, include/linux/mmzone.h. */
export const ZONE_KINDS = ['DMA', 'DMA32', 'Normal', 'Movable'] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];

/** Free pages that must remain: below `min` only emergencies allocate, below `low` kswapd wakes, at `high` it sleeps. */
export interface Watermarks {
  readonly min: number;
  readonly low: number;
  readonly high: number;
}

/** A zone of a node; zones of one node may not overlap, and each starts and ends on a pageblock. */
export interface ZoneShape {
  readonly node: number;
  readonly kind: ZoneKind;
  readonly start: number;
  readonly end: number;
  readonly watermarks: Watermarks;
  /**
   * Pages held back from an allocation that could have gone to a higher zone, by that zone's kind
   * (sysctl lowmem_reserve_ratio, /proc/zoneinfo "protection").
   */
  readonly lowmemReserve: Readonly<Record<ZoneKind, number>>;
}

export const NO_LOWMEM_RESERVE: Readonly<Record<ZoneKind, number>> = { DMA: 0, DMA32: 0, Normal: 0, Movable: 0 };

/** low and high as the kernel derives them from min: a quarter apart (__setup_per_zone_wmarks). */
export function watermarksFromMin(min: number): Watermarks {
  const step = min >> 2;
  return { min, low: min + step, high: min + 2 * step };
}
