import { nrPagesIn, overlaps } from '../mm/pfn-range.js';
import { formatPages } from '../mm/units.js';
import type { ZoneShape } from '../mm/zone.js';
import { totalDemand } from './demand.js';
import { type Layout, layoutOf, type Place } from './layout.js';
import type { Scenario } from './schema.js';
import { placeNameOf } from './workload-schema.js';

/** Free pages that a CPU may have on its list for one zone and migratetype (PCP_BATCH), out of reach of the others. */
const PER_CPU_LIST = 31;
const PER_CPU_LISTS = 3;

/** Would the workloads fit? Complains in sentences, before anything is built. */
export function checkFit(scenario: Scenario): string[] {
  const layout = layoutOf(scenario);
  return [...swapProblems(scenario), ...placeProblems(scenario, layout), ...memoryProblems(scenario, layout)];
}

function swapProblems({ swap, workloads }: Scenario): string[] {
  const needed = totalDemand(workloads).swap;
  if (needed <= swap) return [];
  return [`swap is ${formatPages(swap)}, but the workloads swap out ${formatPages(needed)}; make it as large at least`];
}

/** What allocations that may go as high as `highest` leave of a zone, if nobody is to reclaim. */
function keptFree(zone: ZoneShape, highest: 'Normal' | 'Movable', nrCpus: number): number {
  return zone.watermarks.low + zone.lowmemReserve[highest] + nrCpus * PER_CPU_LIST * PER_CPU_LISTS;
}

function roomIn(zones: readonly ZoneShape[], highest: 'Normal' | 'Movable', nrCpus: number): number {
  return zones.reduce((sum, zone) => sum + Math.max(0, nrPagesIn(zone) - keptFree(zone, highest, nrCpus)), 0);
}

function placeProblems({ workloads }: Scenario, layout: Layout): string[] {
  const problems: string[] = [];
  for (const place of layout.places.values()) {
    const { user, kernel, tables } = totalDemand(workloads.filter((workload) => placeNameOf(workload) === place.name));
    const needed = user + kernel + (place.takesKernelPages ? tables : 0);
    const room = roomOn(place, layout);
    if (needed > room)
      problems.push(
        `workloads on ${place.name} need ${formatPages(needed)}, but it has ${formatPages(nrPagesIn(place.range))}, of ` +
          `which ${formatPages(Math.max(0, room))} can be filled; take away ${formatPages(needed - room)}`,
      );
  }
  return problems;
}

function roomOn({ range }: Place, layout: Layout): number {
  const zones = layout.zones.filter((zone) => overlaps(zone, range));
  return nrPagesIn(range) - zones.reduce((sum, zone) => sum + keptFree(zone, 'Movable', layout.nrCpus), 0);
}

function memoryProblems({ workloads }: Scenario, layout: Layout): string[] {
  const { user, kernel, tables } = totalDemand(workloads);
  const kernelZones = layout.zones.filter(({ kind }) => kind !== 'Movable');
  const kernelRoom = roomIn(kernelZones, 'Normal', layout.nrCpus);
  const kernelNeeded = kernel + tables;
  if (kernelNeeded > kernelRoom)
    return [
      `workloads need ${formatPages(kernelNeeded)} of kernel memory (slab, page tables, reserved), but kernel zones have ` +
        `room for ${formatPages(kernelRoom)}; take away ${formatPages(kernelNeeded - kernelRoom)} or add a kernel DIMM`,
    ];
  const room = roomIn(layout.zones, 'Movable', layout.nrCpus);
  const needed = user + kernelNeeded;
  if (needed <= room) return [];
  return [
    `workloads need ${formatPages(needed)}, but the machine has ${formatPages(layout.nrPfns)}, of which ` +
      `${formatPages(room)} can be filled; take away ${formatPages(needed - room)} or add a DIMM`,
  ];
}
