import type { FileColumn } from '../report/table-files.js';
import type { Cell } from './cell.js';
import { METRIC_IDS, METRICS } from './metrics.js';

const WHOLE_UNITS = ['pages', 'blocks', 'count'];

export const CELL_COLUMNS: ReadonlyArray<FileColumn<Cell>> = [
  { name: 'machine', type: 'text', of: ({ machine }) => machine },
  { name: 'job', type: 'text', of: ({ job }) => job },
  { name: 'strategy', type: 'text', of: ({ strategy }) => strategy },
  { name: 'seed', type: 'whole', of: ({ seed }) => seed },
  { name: 'ended', type: 'text', of: ({ ended }) => ended },
  { name: 'because', type: 'text', of: ({ because }) => because },
  ...METRIC_IDS.map(
    (id): FileColumn<Cell> => ({
      name: id,
      type: WHOLE_UNITS.includes(METRICS[id].unit) ? 'whole' : 'real',
      of: ({ metrics }) => metrics?.[id] ?? null,
    }),
  ),
  // Lists do not fit a flat table; "handler/reason: pages" can be read by people and split by programs.
  {
    name: 'refusals',
    type: 'text',
    of: ({ refusals }) => refusals.map(({ reason, pages }) => `${reason}: ${pages}`).join('; '),
  },
  { name: 'stateHash', type: 'text', of: ({ stateHash }) => stateHash },
];
