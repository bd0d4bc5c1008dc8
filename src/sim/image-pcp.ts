import type { MachineImage } from '../mm/machine-image.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { zoneOf } from './pageblocks.js';

/** Free pages on lists that lie further apart than this were not freed in one go. */
const GAP_PAGES = 8 * PAGEBLOCK_PAGES;

/** Pages that were freed one after the other, by one CPU. */
interface Run {
  readonly pfns: Pfn[];
}

/**
 * Whose list each free page was on: an image tells how many pages each CPU had, not which. What a CPU frees in a row lies
 * close together, so every run of neighbours goes to one CPU, the longest runs first, to the CPU that has most pages
 * left to place. Jobs run on CPU 0 here, which is therefore the one that had most pages, having been the busiest of late.
 */
export function dealToCpus(m: Machine, image: MachineImage, pfns: readonly Pfn[]): [cpu: number, pfns: Pfn[]][] {
  if (!image.pcp) return pfns.map((pfn) => [pfn % image.nrCpus, [pfn]]);
  const dealt: [number, Pfn[]][] = [];
  for (const [zone, { counts }] of image.pcp.entries()) {
    const inZone = pfns.filter((pfn) => zoneOf(m, pfn) === zone);
    const scale =
      inZone.length /
      Math.max(
        1,
        counts.reduce((sum, count) => sum + count, 0),
      );
    const left = counts.map((count) => count * scale);
    for (const run of runsOf(inZone).sort((a, b) => b.pfns.length - a.pfns.length)) {
      const cpu = left.indexOf(Math.max(...left));
      left[cpu] = left[cpu]! - run.pfns.length;
      dealt.push([cpu, run.pfns]);
    }
  }
  return dealt;
}

function runsOf(ascending: readonly Pfn[]): Run[] {
  const runs: Run[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const pfn of ascending) {
    if (pfn - last > GAP_PAGES) runs.push({ pfns: [] });
    runs.at(-1)!.pfns.push(pfn);
    last = pfn;
  }
  return runs;
}
