import { parquetTable } from '../report/table-files.js';
import type { Cell } from './cell.js';
import { CELL_COLUMNS } from './cell-columns.js';

/** The table of cells with a type for each column, every value nullable. */
export function cellsParquet(cells: readonly Cell[]): ArrayBuffer {
  return parquetTable(CELL_COLUMNS, cells);
}
