import { hashOf } from '../../../src/compare/kept-machine.js';
import { copyContentsBatch, fillContents, readContents } from '../../../src/sim/contents.js';
import { type Machine, stateOf } from '../../../src/sim/machine.js';
import { smallMachine } from './small-machine.js';

/** Enough pages of real bytes for a memory of their own, unless threads share them. */
const APART = { pages: 16_384, swap: 16, contents: 'bytes' } as const;

/** Pairs as a migration has them: sources from below, targets from above. */
const SOURCES = Uint32Array.from({ length: 45 }, (_, i) => 3 * i + 1);
const TARGETS = SOURCES.map((source) => APART.pages - 1 - source);

function copySome(m: Machine): void {
  for (const source of SOURCES) fillContents(m, source, source, 2 * source);
  copyContentsBatch(m, SOURCES, TARGETS, SOURCES.length);
}

describe('real contents of a large machine', () => {
  it('lie apart, where kernels copy them', () => {
    const m = smallMachine(APART);
    expect(m.contentKernels).not.toBeNull();
    expect(m.contents.buffer).not.toBe(m.buffer);
    expect(m.contents.length).toBe(APART.pages * m.contentWords);
    copySome(m);
    const words = new Uint32Array(2);
    for (const source of SOURCES) {
      expect(readContents(m, APART.pages - 1 - source, words)).toBe(true);
      expect([...words]).toEqual([source, 2 * source]);
    }
  });

  it('are the same state, in the same order, as contents among the columns', () => {
    const [apart, among] = [smallMachine(APART), smallMachine({ ...APART, shared: true })];
    expect([apart, among].map((m) => stateOf(m).length)).toEqual([3, 1]);
    for (const m of [apart, among]) copySome(m);
    expect(hashOf(...stateOf(apart))).toBe(hashOf(...stateOf(among)));
    among.contents[TARGETS[9]! * among.contentWords + 1023]! ^= 1;
    expect(hashOf(...stateOf(apart))).not.toBe(hashOf(...stateOf(among)));
  });

  it('of a small machine lie among its columns', () => {
    const m = smallMachine({ contents: 'bytes' });
    expect(m.contentKernels).toBeNull();
    expect(stateOf(m)).toHaveLength(1);
  });
});
