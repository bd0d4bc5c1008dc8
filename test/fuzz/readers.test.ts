import 'reflect-metadata';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { removeTemporaryDirectories } from '../unit/capture/sketch.js';
import { removeTrees } from '../unit/linux/trees.js';
import { corpusFolders, corpusOf, keep, noteLast } from './corpus.js';
import { inputsFor } from './inputs.js';
import { type Ending, endsWell, type Reader } from './reader.js';
import { readers } from './readers/index.js';
import { removeScratch } from './scratch.js';
import { KEEPS, runsOf, SEED } from './settings.js';

/*
 * Whatever is read, there is either a result that holds what it must, or one sentence. Each reader gets its corpus first,
 * always; then inputs that chance makes up. A failure prints the smallest input that shows it.
 */

/** Other tests share the processors, and a long run has many inputs. */
jest.setTimeout(3_600_000);

afterAll(() => {
  removeScratch();
  removeTemporaryDirectories();
  removeTrees();
});

describe('kept inputs', () => {
  const kept = readers.flatMap((reader) => corpusOf(reader.name).map((each) => ({ reader, ...each })));

  it.each(kept.map((each) => [`${each.reader.name}/${each.name}`, each] as const))('%s', async (_name, each) => {
    await endsWell(each.reader, each.input, true);
  });

  it('are all read', () => {
    expect(corpusFolders().filter((name) => !readers.some((reader) => reader.name === name))).toEqual([]);
  });
});

describe('seeds', () => {
  it.each(readers.map((reader) => [reader.name, reader] as const))(
    'of %s are as they should be',
    async (_name, reader) => {
      expect(reader.seeds().length).toBeGreaterThan(0);
      // A seed that is refused would be spoilt to no purpose.
      for (const seed of reader.seeds()) expect(await endsWell(reader, seed, true)).toBe('result');
    },
  );
});

describe(`chance (VACATE_SEED=${SEED} repeats it)`, () => {
  it.each(readers.map((reader) => [reader.name, reader] as const))('%s', async (_name, reader) => {
    const endings: Ending[] = [];
    const property = fc.asyncProperty(inputsFor(reader), async (input) => {
      if (KEEPS) noteLast(reader.name, input);
      endings.push(await endsWell(reader, input));
    });
    const details = await fc.check(property, { numRuns: runsOf(reader.cost), seed: SEED });
    if (details.failed) throw failureOf(reader, details.counterexample?.[0], details.errorInstance);
  });
});

/** What was read last says more than where in a list of changes it came from. */
function failureOf(reader: Reader, input: Buffer | undefined, cause: unknown): Error {
  const shown = JSON.stringify(input?.toString('latin1').slice(0, 400));
  const place = KEEPS && input !== undefined ? `; kept as ${keep(reader.name, `found-${SEED}`, input)}` : '';
  const error = new Error(`${reader.name} fails on ${shown}${place}`);
  if (cause instanceof Error) error.stack = `${error.message}\n${cause.stack?.slice(0, 2000)}`;
  return error;
}
