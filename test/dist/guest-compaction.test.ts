import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './run-cli.js';

/** The kernel's compaction beside ours, from captures that are kept: what needs no guest. */
const MAIN = 'dist/test/guest/compaction-main.js';
const CAPTURES = 'test/fixtures/captures';
const TIMEOUT_MS = 300_000;

async function run(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: ROOT });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

describe('guest:compaction, from captures that are kept', () => {
  it(
    'has as many blocks made by all, and merged moves what has to be moved and no more',
    async () => {
      const names = ['skew-huge', 'skew-compact-6.12'];
      const { stdout } = await run('--json', ...names.flatMap((name) => ['--capture', join(CAPTURES, name)]));
      const { cases, summary } = JSON.parse(stdout);
      const [huge, compact] = cases;
      expect(huge).toMatchObject({
        job: 'huge',
        filledBy: 'skew-huge',
        // By its own tables: 1,123 + 19,296 + 41,036 pages until the pool had 256, of which 62 had lain about.
        kernel: { freeBefore: 62, blocks: 194, moved: 61_455, failed: 12, migrateScanned: null },
      });
      expect(compact.kernel).toMatchObject({ freeBefore: 66, blocks: 319, moved: 86_324, freeScanned: 191_813 });
      for (const { kernel, merged, lowerBound, possible } of cases) {
        expect(merged.blocks).toBe(kernel.blocks);
        expect(merged.moved).toBeLessThanOrEqual(1.02 * lowerBound);
        expect(possible).toBeGreaterThan(kernel.blocks);
        expect(merged.hash).toMatch(/^[0-9a-f]{8}$/);
      }
      // Our model of the kernel's compaction does what the kernel did.
      expect(Math.abs(huge.model.moved / 61_455 - 1)).toBeLessThan(0.1);
      expect(Math.abs(compact.model.moved / 86_324 - 1)).toBeLessThan(0.01);
      expect(summary).toMatchObject([
        { kernel: '6.1', job: 'huge', memory: 'skewed', cases: 1, ofKernelGoal: 0.25 },
        { kernel: '6.12', job: 'compact', memory: 'skewed', cases: 1, ofKernelGoal: null },
      ]);
      expect(summary[0].ofKernelMedian).toBeLessThan(0.255);
    },
    TIMEOUT_MS,
  );

  it(
    'prints a table of 80 columns, and what its seconds do not say',
    async () => {
      const { stdout, stderr, exitCode } = await run('--capture', join(CAPTURES, 'fragslab-compact'));
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(stdout.replaceAll(/\d+\.\d\d s$/gm, 'N s')).toMatchSnapshot();
    },
    TIMEOUT_MS,
  );

  it(
    'refuses what it does not know, in one sentence',
    async () => {
      const empty = mkdtempSync(join(tmpdir(), 'vacate-no-set-'));
      try {
        for (const [args, sentence] of [
          [['--kernel', '5'], '--kernel is 6.1, 6.12 or both\n'],
          [['--workload', 'skew,none'], 'there is no workload "none"; see --help\n'],
          [['--seed', '1,x'], '--seed wants whole numbers, not "x"\n'],
          [['--keep', empty], `${empty} is there already; name a folder that is not\n`],
          [['--capture', empty], `${empty} has neither compact.tsv nor huge.tsv; name a folder that --keep has made\n`],
        ] as const)
          expect(await run(...args)).toEqual({ exitCode: 2, stdout: '', stderr: sentence });
        expect((await run('--help')).stdout).toContain('Examples:');
      } finally {
        rmSync(empty, { recursive: true });
      }
    },
    TIMEOUT_MS,
  );
});
