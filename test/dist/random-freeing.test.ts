import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../../dist/test/bench/random-freeing.js', import.meta.url));

describe('Linus’s table of random freeing', () => {
  // It ends with 1, and so throws here, if one of the 21 medians over 200 seeds is more than 10 % off his model.
  it('comes out of the simulator’s allocator, for 64 MB to 4 GB and orders 1 to 3', () => {
    const table = execFileSync(process.execPath, [bench], { encoding: 'utf8' });
    expect(table.match(/^\d+ +[123] .* %$/gm)).toHaveLength(21);
    expect(table).toMatch(/^worst: \d\.\d % of at most 10 %$/m);
  }, 900_000);
});
