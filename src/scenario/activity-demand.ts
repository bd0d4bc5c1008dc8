import { PAGEBLOCK_PAGES } from '../mm/units.js';
import type { StatedActivity } from './activity-schema.js';

/** What an activity holds at a time, at most; places and tables are in pages. */
export interface ActivityDemand {
  readonly processes: number;
  readonly mappings: number;
  /** Places on the index line. */
  readonly places: number;
  readonly tables: number;
  readonly holds: number;
}

const NOTHING: ActivityDemand = { processes: 0, mappings: 0, places: 0, tables: 0, holds: 0 };
/** Page tables of a process besides those of its last level. */
const UPPER_TABLES = 4;

export function demandOfActivity(activity: StatedActivity): ActivityDemand {
  switch (activity.kind) {
    case 'file-churn':
      return { ...NOTHING, mappings: activity.files + 1, places: (activity.files + 1) * activity.size };
    case 'cache-reads':
      return { ...NOTHING, mappings: activity.files, places: activity.size };
    case 'growth':
      return ofProcesses(1, activity.size);
    case 'fork':
      return ofProcesses(activity.processes + 1, activity.size);
    case 'direct-io':
      return { ...NOTHING, holds: activity.size };
    case 'touch':
    case 'jumbo-frames':
      return NOTHING;
  }
}

function ofProcesses(processes: number, nrPages: number): ActivityDemand {
  const tables = processes * (Math.ceil(nrPages / PAGEBLOCK_PAGES) + 1 + UPPER_TABLES);
  return { ...NOTHING, processes, mappings: processes, places: processes * nrPages, tables };
}
