import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';

/** Tables by name, each with the files that make it up: one of each run. */
export type ResultTables = ReadonlyMap<string, readonly string[]>;

/** Names of files that runs leave, and of the tables that they are. */
const TABLES: Readonly<Record<string, string>> = {
  'cells.parquet': 'cells',
  'summary.csv': 'summary',
  'hosts.parquet': 'hosts',
  'reasons.parquet': 'reasons',
};

/**
 * Finds what runs have left in these folders, at any depth.
 *
 * @throws VacateError kind 'usage' for a name that is no folder, or if there is nothing in it.
 */
export function findTables(folders: readonly string[]): ResultTables {
  const tables = new Map<string, string[]>();
  for (const folder of folders) {
    const files = filesIn(folder);
    if (files.length === 0)
      throw new VacateError(
        'usage',
        `${quoted(folder)} holds no results; name the --out of a vacate compare or fleet forecast, or a folder of such`,
      );
    for (const [table, path] of files) tables.set(table, [...(tables.get(table) ?? []), path]);
  }
  return tables;
}

function filesIn(folder: string): (readonly [table: string, path: string])[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new VacateError('usage', `${quoted(folder)} is no folder; name the --out of a run, or a folder of such`);
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    const table = TABLES[entry.name];
    return table === undefined ? [] : [[table, path] as const];
  });
}
