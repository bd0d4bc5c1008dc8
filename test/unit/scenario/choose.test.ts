import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { choose, type Pattern } from '../../../src/scenario/choose.js';

const nrChosen = (chosen: Uint8Array) => chosen.reduce((sum, item) => sum + item, 0);

describe('choose', () => {
  const patterns: Pattern[] = ['random', 'runs', 'even', 'skew'];
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

  it('takes a share of its own of every 4 MiB', () => {
    const runs = 64;
    const chosen = choose(runs * 1024, 0.5, 'skew', new Prng(1));
    const shares = Array.from(
      { length: runs },
      (_, run) => nrChosen(chosen.subarray(run * 1024, (run + 1) * 1024)) / 1024,
    );
    expect(Math.min(...shares)).toBeLessThan(0.1);
    expect(Math.max(...shares)).toBeGreaterThan(0.9);
    expect(shares.filter((share) => share > 0.25 && share < 0.75).length).toBeGreaterThan(runs / 4);
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(Math.max(...shares)).toBeLessThan(1);
  });

  it('takes others for another seed', () => {
    expect(choose(100, 0.5, 'random', new Prng(1))).not.toEqual(choose(100, 0.5, 'random', new Prng(2)));
    expect(choose(100, 0.5, 'random', new Prng(1))).toEqual(choose(100, 0.5, 'random', new Prng(1)));
  });
});
