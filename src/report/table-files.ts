import { stringify } from 'csv-stringify/sync';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';

/** A column of a table, as CSV and Parquet have it; null where a value is not known. */
export interface FileColumn<Row> {
  readonly name: string;
  readonly type: 'text' | 'whole' | 'real' | 'truth';
  readonly of: (row: Row) => string | number | boolean | null;
}

type Field = string | number | boolean | null;

const TYPES: Readonly<Record<FileColumn<never>['type'], BasicType>> = {
  text: 'STRING',
  whole: 'INT64',
  real: 'DOUBLE',
  truth: 'BOOLEAN',
};

/** Lines as RFC 4180 has them; nothing between two commas is "not known". */
export function csvFile(head: readonly string[], lines: ReadonlyArray<readonly Field[]>): string {
  return stringify([head, ...lines] as Field[][], { cast: { boolean: String } });
}

/** A line for each row. */
export function csvTable<Row>(columns: ReadonlyArray<FileColumn<Row>>, rows: readonly Row[]): string {
  return csvFile(
    columns.map(({ name }) => name),
    rows.map((row) => columns.map(({ of }) => of(row))),
  );
}

/** A table with a type for each column, every value nullable. */
export function parquetTable<Row>(columns: ReadonlyArray<FileColumn<Row>>, rows: readonly Row[]): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: columns.map(({ name, type, of }) => ({
      name,
      type: TYPES[type],
      nullable: true,
      data: rows.map((row) => {
        const value = of(row);
        return type === 'whole' && value !== null ? BigInt(value) : value;
      }),
    })),
    createdBy: 'vacate',
  });
}
