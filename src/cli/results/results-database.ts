import { dirname } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { printable } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { findTables, type ResultTables } from './result-tables.js';

/** A value as tables show it; what has no plain form is text. */
export type Value = string | number | boolean | null;

export interface Answer {
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<readonly Value[]>;
}

/** A table that can be asked, with its columns. */
export interface View {
  readonly name: string;
  readonly rows: number;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>;
}

const WHOLE = /^U?(BIG|HUGE)INT$/;

/** So much of what the database says is passed on. */
const WHY_MAX = 400;

/**
 * Results of runs as a database in memory: each table of theirs is a view over all files of its name, with a column `run` that
 * names the folder.
 */
export class ResultsDatabase {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    private readonly tables: ResultTables,
  ) {}

  /** @throws VacateError kind 'usage' if there are no results, or no database to ask them with. */
  static async open(folders: readonly string[]): Promise<ResultsDatabase> {
    const tables = findTables(folders);
    const { DuckDBInstance: Instance } = await loadDuckDb();
    const instance = await Instance.create(':memory:');
    const database = new ResultsDatabase(instance, await instance.connect(), tables);
    try {
      for (const [name, files] of tables) await database.#ask(viewSql(name, files));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async views(): Promise<View[]> {
    const views: View[] = [];
    for (const name of [...this.tables.keys()].sort()) {
      const { rows: columns } = await this.#ask(`DESCRIBE ${name}`);
      const { rows } = await this.#ask(`SELECT count(*) FROM ${name}`);
      views.push({
        name,
        rows: Number(rows[0]?.[0] ?? 0),
        columns: columns.map(([column, type]) => ({ name: String(column), type: String(type) })),
      });
    }
    return views;
  }

  /** @throws VacateError kind 'usage' with what the database says of the question. */
  ask(sql: string): Promise<Answer> {
    return this.#ask(sql);
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  async #ask(sql: string): Promise<Answer> {
    try {
      const reader = await this.connection.runAndReadAll(sql);
      const isWhole = reader.columnTypes().map((type) => WHOLE.test(String(type)));
      const rows = reader.getRowsJson().map((row) => row.map((value, at) => plain(value, isWhole[at] === true)));
      return { columns: reader.columnNames(), rows };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const sentence = printable(why.replace(/\s+/g, ' ')).slice(0, WHY_MAX);
      throw new VacateError('usage', `the results cannot be asked that: ${sentence}`, { cause });
    }
  }
}

async function loadDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new VacateError(
      'usage',
      'the database that answers, DuckDB, is not installed here: npm install @duckdb/node-api (it has no build for every system)',
      { cause },
    );
  }
}

/** Runs of different versions may have different columns. */
function viewSql(name: string, files: readonly string[]): string {
  const list = `[${files.map(literal).join(', ')}]`;
  const reader = files[0]?.endsWith('.csv') === true ? 'read_csv' : 'read_parquet';
  const runs = files.map((file) => `WHEN ${literal(file)} THEN ${literal(dirname(file))}`).join(' ');
  return (
    `CREATE VIEW ${name} AS SELECT CASE filename ${runs} END AS run, * EXCLUDE (filename) ` +
    `FROM ${reader}(${list}, filename = true, union_by_name = true)`
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Whole numbers come as text, because they may be larger than a number can say. */
function plain(value: unknown, isWhole: boolean): Value {
  if (isWhole && typeof value === 'string' && Number.isSafeInteger(Number(value))) return Number(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return value;
  return JSON.stringify(value) ?? null;
}
