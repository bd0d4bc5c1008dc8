import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { readCompactionSet } from './compaction-set.js';
import { recordCompaction } from './kernel-compaction.js';
import { compactOurselves, possibleBlocks } from './our-compaction.js';

/*
 * A real kernel's compaction, counted by the kernel itself, beside ours from the capture that was taken just before.
 */

jest.setTimeout(600_000);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-compaction-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('gains blocks for nr_hugepages, and merged as many for a fraction of the moves', async () => {
  let wanted = 0;
  const blocks = (capture: string) => {
    wanted = possibleBlocks(capture) >> 1;
    return wanted;
  };
  await recordCompaction(folder, { series: '6.12', job: 'huge', workload: 'skew', seed: 3, blocks, onStep: () => {} });
  const set = readCompactionSet(folder);
  expect(set).toMatchObject({ job: 'huge', filledBy: 'skew, seed 3' });
  expect(set.release).toMatch(/^6\.12\./);
  expect(existsSync(join(folder, 'after-huge/pagetypeinfo'))).toBe(true);
  const { kernel } = set;
  // The pool took what lay about, and what compaction made: nothing else gives blocks on such a machine.
  expect(wanted).toBeGreaterThan(50);
  expect(kernel.blocks).toBeGreaterThanOrEqual(wanted * 0.9);
  expect(kernel.moved).toBeGreaterThan(kernel.blocks * 50);
  expect(kernel.migrateScanned).toBeGreaterThan(kernel.moved);
  const { merged, lowerBound } = compactOurselves(set);
  expect(merged.blocks).toBe(kernel.blocks);
  expect(merged.moved).toBeLessThanOrEqual(1.02 * lowerBound);
  expect(merged.moved).toBeLessThan(0.5 * kernel.moved);
});
