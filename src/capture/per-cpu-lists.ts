import type { ImagePcp } from '../mm/machine-image.js';
import { isSince } from './kernel-release.js';
import type { PlacedZone } from './zone-ranges.js';

/** Part of a zone that its per-CPU lists may grow to in all, where the kernel tunes them (MIN_PERCPU_PAGELIST_HIGH_FRACTION). */
const HIGH_FRACTION = 8;

/** One CPU's lists of one zone, as /proc/zoneinfo has them under "pagesets". */
export interface Pageset {
  readonly count: number;
  readonly high: number;
  readonly batch: number;
}

/** In the order of the CPUs; a field that a kernel does not write is 0. */
export function parsePagesets(lines: readonly string[]): Pageset[] {
  const pagesets: { count: number; high: number; batch: number }[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s+(\w+):\s*(\d+)\s*$/.exec(line) ?? [];
    if (name === 'cpu') pagesets.push({ count: 0, high: 0, batch: 0 });
    else if (name === 'count' || name === 'high' || name === 'batch') {
      const last = pagesets.at(-1);
      if (last !== undefined) last[name] = Number(value);
    }
  }
  return pagesets;
}

/** How each zone's lists behave on that kernel, and what they held; null if zoneinfo does not tell of all zones. */
export function imagePcp(zones: readonly PlacedZone[], release: string | null): ImagePcp[] | null {
  const isTuned = isSince(release, 6, 7);
  const lists: { start: number; pcp: ImagePcp }[] = [];
  for (const { record, ranges } of zones) {
    const { pagesets = [], nrManaged = 0 } = record.counters ?? {};
    if (pagesets.length === 0) return null;
    const high = pagesets.map((pageset) => pageset.high);
    const highMax = isTuned ? Math.floor(nrManaged / HIGH_FRACTION / pagesets.length) : 0;
    const pcp: ImagePcp = {
      batch: Math.max(1, ...pagesets.map((pageset) => pageset.batch)),
      high,
      highMax: Math.max(highMax, ...high),
      flush: isTuned ? 'counting' : 'doubling',
      counts: pagesets.map((pageset) => pageset.count),
    };
    for (const { start } of ranges) lists.push({ start, pcp });
  }
  // In the order of the image's zones: one that lies in several places is several there.
  return lists.sort((a, b) => a.start - b.start).map(({ pcp }) => pcp);
}
