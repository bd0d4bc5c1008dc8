import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const program = fileURLToPath(new URL('../../dist/test/bench/terabyte.js', import.meta.url));
const PATIENCE_MS = 300_000;
/** Frames take 17 bytes with their marks, page tables and slots of the page cache 2 more, each page half in use. */
const BYTES_PER_PAGE = 20;

interface Answer {
  readonly peakGiB: number;
  readonly results: ReadonlyArray<{
    readonly pages: number;
    readonly inUse: number;
    readonly made: number;
    readonly offlineMigrated: number;
    readonly wrong: readonly string[];
  }>;
}

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { status, stderr, answer: status === 0 ? (JSON.parse(stdout) as Answer) : null };
}

describe('a terabyte, in small', () => {
  it(
    'two machines: half in use, the DIMM gone, the blocks made, and everybody reads what was read before',
    () => {
      const { status, answer } = run('4', '2');
      expect(status).toBe(0);
      expect(answer?.results).toHaveLength(2);
      for (const { pages, inUse, made, offlineMigrated, wrong } of answer?.results ?? []) {
        expect(wrong).toEqual([]);
        expect(pages).toBe(2 ** 20);
        expect(inUse / pages).toBeCloseTo(0.5, 2);
        expect(made).toBe(390);
        expect(offlineMigrated).toBeGreaterThan(20_000);
      }
      const own = 2 * 2 ** 20 * BYTES_PER_PAGE;
      const ofNode = 160 * 2 ** 20;
      expect(answer?.peakGiB).toBeLessThan((own + ofNode) / 2 ** 30);
    },
    PATIENCE_MS,
  );

  it('is no size at all if it is not', () => {
    expect(run('much')).toMatchObject({ status: 2, stderr: 'much is no size; say a whole number from 1 to 1024\n' });
  });
});
