import { PAGEBLOCK_PAGES } from '../mm/units.js';
import type { Capacity } from '../sim/machine.js';
import { populationCapacity } from '../sim/populate.js';
import { type ActivityDemand, demandOfActivity } from './activity-demand.js';
import { totalDemand } from './demand.js';
import type { Layout } from './layout.js';
import { populationOf } from './population.js';
import type { Scenario } from './schema.js';
import type { Workload } from './workload-schema.js';

/** Room for whatever runs on the machine once it is built. */
const SPARE = { processes: 256, vmas: 4096, mappings: 4096, extents: 8192, tables: 2048, leaves: 1024, holds: 16_384 };

/** What is spare grows with the machine, but not beyond that of 64 GiB: it costs address space. */
const GROUPS_MAX = 2 ** 15;

/** How many records of each kind the machine needs for its workloads, and a good deal more. */
export function capacityFor(scenario: Scenario, { nrPfns }: Layout): Partial<Capacity> {
  const { processes, vmas, mappings, places, tables, holds, rmapItems } = totalDemand(scenario.workloads);
  const groups = Math.min(Math.ceil(nrPfns / PAGEBLOCK_PAGES), GROUPS_MAX);
  const ownTables = scenario.workloads.reduce((sum, workload) => sum + tablesAmongPages(workload), 0);
  const extents = Math.ceil(places / PAGEBLOCK_PAGES) + mappings;
  const later = scenario.activities.map(demandOfActivity);
  const of = (key: keyof ActivityDemand) => later.reduce((sum, demand) => sum + demand[key], 0);
  const runs = Math.ceil(of('places') / PAGEBLOCK_PAGES) + of('mappings');
  return {
    processes: processes + of('processes') + SPARE.processes,
    vmas: vmas + of('processes') + SPARE.vmas,
    mappings: mappings + vmas + of('mappings') + SPARE.mappings,
    extents: extents * 2 + groups * 4 + runs * 2 + SPARE.extents,
    tables: tables + ownTables + groups * 2 + of('tables') + SPARE.tables,
    // One for the pages in memory, one for their places on disk.
    leaves: extents * 2 + groups + runs * 2 + SPARE.leaves,
    stored: nrPfns,
    holds: holds + of('holds') * 2 + SPARE.holds,
    // Number 0 is none.
    rmapItems: rmapItems === 0 ? 0 : rmapItems + 1,
  };
}

function tablesAmongPages(workload: Workload): number {
  return workload.kind === 'scattered'
    ? populationCapacity(populationOf(workload, workload.size, 0), workload.size).tables
    : 0;
}
