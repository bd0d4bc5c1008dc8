import { PAGEBLOCK_PAGES } from '../mm/units.js';
import type { Capacity } from '../sim/machine.js';
import { totalDemand } from './demand.js';
import type { Layout } from './layout.js';
import type { Scenario } from './schema.js';

/** Room for whatever runs on the machine once it is built. */
const SPARE = { processes: 256, vmas: 4096, mappings: 4096, extents: 8192, tables: 2048, leaves: 1024, holds: 16_384 };

/** How many records of each kind the machine needs for its workloads, and a good deal more. */
export function capacityFor(scenario: Scenario, { nrPfns }: Layout): Capacity {
  const { processes, vmas, mappings, places, tables, holds } = totalDemand(scenario.workloads);
  const groups = Math.ceil(nrPfns / PAGEBLOCK_PAGES);
  const extents = Math.ceil(places / PAGEBLOCK_PAGES) + mappings;
  return {
    processes: processes + SPARE.processes,
    vmas: vmas + SPARE.vmas,
    mappings: mappings + vmas + SPARE.mappings,
    extents: extents * 2 + groups * 4 + SPARE.extents,
    tables: tables + groups * 2 + SPARE.tables,
    // One for the pages in memory, one for their places on disk.
    leaves: extents * 2 + groups + SPARE.leaves,
    holds: holds + SPARE.holds,
  };
}
