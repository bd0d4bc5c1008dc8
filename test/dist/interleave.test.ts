import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CONTEST_TOTALS, TEST_TOTALS } from '../interleave/totals.js';

const main = fileURLToPath(new URL('../../dist/test/interleave/main.js', import.meta.url));

const run = (...args: string[]) =>
  JSON.parse(execFileSync(process.execPath, [main, '--json', ...args], { encoding: 'utf8' }));

describe('every interleaving of a migration’s verbs with what other CPUs do', () => {
  // It ends with 1, and so throws here, if anything is wrong on any path.
  it('loses no page, in all worlds of the set', () => {
    const { seconds, ...totals } = run('--set', 'test');
    expect(seconds).toBeGreaterThan(0);
    // The same numbers each time: whoever changes what the explorer or the migration does, writes them anew.
    expect(totals).toEqual({ ...TEST_TOTALS, violations: [] });
  }, 900_000);

  it('does no harm where two strategies want the same block', () => {
    const nothing = { because: null, trace: [] };
    expect(run('--contests').contests).toEqual(CONTEST_TOTALS.map((totals) => ({ ...totals, ...nothing })));
  }, 300_000);

  it('comes to the same ends when no order is left out', () => {
    for (const world of ['driver', 'cache+driver', 'anon+file-shared']) {
      const { states, transitions, ends, violations } = run('--world', world, '--budget', '1');
      const full = run('--world', world, '--budget', '1', '--no-reduction');
      expect({ ends: full.ends, violations: full.violations }).toEqual({ ends, violations });
      expect(full.transitions).toBeGreaterThan(transitions);
      expect(full.states).toBeGreaterThanOrEqual(states);
    }
  }, 300_000);
});
