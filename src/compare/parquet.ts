import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell } from './cell.js';
import { CELL_COLUMNS, type CellColumn } from './cell-columns.js';

const TYPES: Readonly<Record<CellColumn['type'], BasicType>> = { text: 'STRING', whole: 'INT64', real: 'DOUBLE' };

/** The table of cells with a type for each column, every value nullable. */
export function cellsParquet(cells: readonly Cell[]): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: CELL_COLUMNS.map(({ name, type, of }) => ({
      name,
      type: TYPES[type],
      nullable: true,
      data: cells.map((cell) => {
        const value = of(cell);
        return type === 'whole' && value !== null ? BigInt(value) : value;
      }),
    })),
    createdBy: 'vacate',
  });
}
