import { compareText } from '../../../src/cli/compare/compare-text.js';
import { createPalette } from '../../../src/cli/palette.js';
import { summarise } from '../../../src/compare/summary.js';
import { cellOf, planned } from '../compare/sketch.js';

const SEEDS = [1, 2, 3];
const LONG = 'tosatti:intended+no-alignment+no-zone-check';
const cells = SEEDS.flatMap((seed) => [
  cellOf(
    { strategy: 'best', seed },
    { success: 1, movesOverBound: 1, pagesReclaimed: 0, virtualNs: 2e6, contentsWrong: 0 },
  ),
  cellOf(
    { strategy: LONG, seed },
    { success: 0.96 + seed / 100, movesOverBound: 1.2 + seed, pagesReclaimed: 12_345, virtualNs: 3e9 },
  ),
  cellOf(
    { strategy: 'other', seed },
    {},
    { ended: 'does-not-apply', because: 'it only knows orders below five, and says so at length', metrics: null },
  ),
  cellOf({ strategy: 'broken', seed }, {}, { ended: 'error', because: 'no such index', metrics: null }),
]);
const STRATEGIES = ['best', LONG, 'other', 'broken'];
const plain = createPalette(false);

describe('compareText', () => {
  const text = compareText(summarise([planned(STRATEGIES)], cells), plain);
  const lines = text.split('\n');

  it('fits a terminal and has no colours unless they are wanted', () => {
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(text).not.toContain('\u001b');
    expect(compareText(summarise([planned(STRATEGIES)], cells), createPalette(true))).toContain('\u001b[38;5;36m');
  });

  it('marks the best and what is level with it', () => {
    expect(lines[0]).toBe('m: order 9, all (3 seeds)');
    expect(lines[1]).toMatch(/^ {2}strategy +success +moved \/ bound +reclaimed +time$/);
    expect(lines[2]).toMatch(/^ {2}best +100% ±0% ● +1 ±0 ● +0 ● +2 ms ●$/);
    // Moves are not ranked beside so much that was taken. Mean 0.98, standard deviation 0.01: margin 4.3027 * 0.01 / sqrt(3) = 0.0248.
    expect(lines[3]).toMatch(/^ {2}tosatti:intended\+no-align… +98% ±2\.48% ○ +3\.20 ±2\.48 +12,345 +3 s$/);
  });

  it('says who does not apply, who broke, and why', () => {
    expect(lines[4]).toBe('  other does not apply: it only knows orders below five, and says so at length');
    expect(text).toContain('  broken failed in 3 runs: no such index');
  });

  it('says that one run has no interval', () => {
    const [only] = compareText(
      summarise([planned(['best'], [null])], [cellOf({ strategy: 'best', seed: null }, { success: 1 })]),
      plain,
    ).split('\n');
    expect(only).toBe('m: order 9, all (one run each, so no intervals)');
  });

  it('has the whole at a glance if there are several jobs', () => {
    expect(text).not.toContain('Over all jobs');
    const machines = ['m', 'n'].map((name) => ({ ...planned(['best']), name }));
    const own = machines.map(({ name }) => cellOf({ machine: name, strategy: 'best' }, { success: 1 }));
    expect(compareText(summarise(machines, own), plain)).toMatch(/Over all jobs .+\n.+\n {2}best +2\/2 +– +– +–/);
  });
});
