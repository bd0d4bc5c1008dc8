import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended } from '../run-cli.js';

/** A run on this machine and one by workers: what each said, into the folders `here` and `there`. */
export interface TwoRuns {
  readonly here: Ended;
  readonly there: Ended;
}

/** Both runs have said and written the same, to the byte; rows came in any order. Returns the rows, sorted. */
export function expectSameResults(
  folder: string,
  { here, there }: TwoRuns,
  files: readonly string[],
  journal: string,
): readonly string[] {
  expect(there.stdout).toBe(here.stdout.replaceAll(join(folder, 'here'), join(folder, 'there')));
  for (const file of files)
    expect(readFileSync(join(folder, 'there', file)).equals(readFileSync(join(folder, 'here', file)))).toBe(true);
  const lines = (name: string) =>
    readFileSync(join(folder, name, journal), 'utf8')
      .split('\n')
      .sort();
  expect(lines('there')).toEqual(lines('here'));
  return lines('here');
}
