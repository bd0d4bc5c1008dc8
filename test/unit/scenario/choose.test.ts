import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { choose, type Pattern } from '../../../src/scenario/choose.js';

const nrChosen = (chosen: Uint8Array) => chosen.reduce((sum, item) => sum + item, 0);

describe('choose', () => {
  const patterns: Pattern[] = ['random', 'runs', 'even'];
  it.each(patterns)('takes exactly the share that was asked for: %s', (pattern) => {
    for (const share of [0, 0.001, 0.1, 0.25, 0.5, 0.77, 1])
      for (const nr of [0, 1, 15, 16, 17, 1000])
        expect(nrChosen(choose(nr, share, pattern, new Prng(3)))).toBe(Math.round(nr * share));
  });

  it('spreads evenly', () => {
    expect([...choose(8, 0.5, 'even', new Prng(1))]).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('takes whole runs', () => {
    const chosen = choose(160, 0.5, 'runs', new Prng(1));
    for (let run = 0; run < 10; run++) expect([0, 16]).toContain(nrChosen(chosen.subarray(run * 16, run * 16 + 16)));
  });

  it('takes others for another seed', () => {
    expect(choose(100, 0.5, 'random', new Prng(1))).not.toEqual(choose(100, 0.5, 'random', new Prng(2)));
    expect(choose(100, 0.5, 'random', new Prng(1))).toEqual(choose(100, 0.5, 'random', new Prng(1)));
  });
});
