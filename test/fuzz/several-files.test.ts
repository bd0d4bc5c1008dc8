import 'reflect-metadata';
import { afterAll, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { removeTemporaryDirectories } from '../unit/capture/sketch.js';
import { removeTrees } from '../unit/linux/trees.js';
import { type Spoil, spoil } from './inputs.js';
import { type Place, put, type Question } from './places.js';
import { type Ending, endingOf } from './reader.js';
import { capture } from './readers/captures.js';
import { host } from './readers/hosts.js';
import { removeScratch } from './scratch.js';
import { runsOf, SEED } from './settings.js';

/* Files that contradict each other: up to three of a directory are spoilt at a time, and a command is asked. */

jest.setTimeout(3_600_000);

afterAll(() => {
  removeScratch();
  removeTemporaryDirectories();
  removeTrees();
});

/** Commands are quick here, and fewer runs would leave one of the endings out. */
const COST = 1;

it.each([
  ['host', host],
  ['capture', capture],
])(`of a %s are read, or refused (VACATE_SEED=${SEED} repeats it)`, async (_name, place) => {
  const { files, questions } = place();
  const changes = fc.array(fc.tuple(fc.constantFrom(...Object.keys(files)), spoil), { minLength: 1, maxLength: 3 });
  const endings: Record<Ending, number> = { result: 0, sentence: 0 };
  const property = fc.asyncProperty(changes, fc.constantFrom(...questions), async (spoilt, ask) => {
    endings[await asked(place(), spoilt, ask)]++;
  });
  const numRuns = runsOf(COST);
  await fc.assert(property, { numRuns, seed: SEED });
  // If nothing were ever refused, or everything, not much would have been tried.
  expect(endings.result).toBeGreaterThan(0);
  expect(endings.sentence).toBeGreaterThan(0);
});

type Spoilt = ReadonlyArray<readonly [path: string, change: Spoil]>;

async function asked({ root, files }: Place, spoilt: Spoilt, ask: Question): Promise<Ending> {
  for (const [path, change] of spoilt)
    put(root, path, Buffer.from(change((files[path] as Buffer).toString('latin1')), 'latin1'));
  try {
    return await endingOf(() => ask(root));
  } finally {
    for (const [path] of spoilt) put(root, path, files[path] as Buffer);
  }
}
