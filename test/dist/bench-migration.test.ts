import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Machine, stateOf } from '../../src/sim/machine.js';
import { validateMachine } from '../../src/sim/validate.js';
import { machineOf, restore, writeImage } from '../bench/migration/machine-image.js';
import { machineToEmpty } from '../bench/migration/machine-to-empty.js';

const WISH = { nrPages: 32_768, nrProcesses: 3, contents: 'token', seed: 1 } as const;

/** Compared as bytes: what a test says of megabytes that differ takes minutes. */
function sameState(a: Machine, b: Machine): boolean {
  const [ofA, ofB] = [a, b].map((machine) =>
    stateOf(machine).map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  ) as [Buffer[], Buffer[]];
  return ofA.length === ofB.length && ofA.every((bytes, at) => bytes.equals(ofB[at]!));
}

describe.each(['random', 'ascending'] as const)('the machine of the benchmarks of migration, in %s order', (order) => {
  const { machine, pfns } = machineToEmpty({ ...WISH, order });

  it('is a whole one, half in use, with room for what is to go', () => {
    expect(validateMachine(machine)).toEqual([]);
    expect(
      machine.mapcount.filter((maps, pfn) => maps === 1 && machine.index[pfn] !== 0 && machine.count[pfn] === 1).length,
    ).toBeGreaterThan(WISH.nrPages * 0.49);
    expect(pfns.length).toBeGreaterThan(WISH.nrPages * 0.17);
    expect(machine.nrFree[0]!).toBeGreaterThan(pfns.length + machine.watermarkMin[0]!);
  });
});

describe('an image of a machine', () => {
  let folder: string;
  let original: Machine;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vacate-bench-test-'));
    original = machineToEmpty({ ...WISH, order: 'random' }).machine;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes any machine of its shape what the first one was, wherever that has been written to since', () => {
    const image = writeImage(original, folder);
    const other = machineOf(image);
    for (const words of stateOf(other)) for (let at = 0; at < words.length; at += 10_007) words[at] = at + 1;
    restore(other, image);
    expect(sameState(other, original)).toBe(true);
  });

  it('has its contents where they are not among the columns, too', () => {
    const { machine } = machineToEmpty({ ...WISH, contents: 'bytes', order: 'ascending' });
    expect(machine.contents.buffer).not.toBe(machine.buffer);
    const image = writeImage(machine, folder);
    const other = machineOf(image);
    restore(other, image);
    expect(sameState(other, machine)).toBe(true);
  });
});
