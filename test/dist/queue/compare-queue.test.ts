import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vacate } from '../run-cli.js';
import { RedisServer } from './redis-server.js';
import { expectSameResults } from './same-results.js';
import { endWorkers, startWorker } from './workers.js';

const PATIENCE_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vacate-queue-'));
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
}, PATIENCE_MS);

afterAll(async () => {
  await endWorkers();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

describe('vacate compare --redis', () => {
  it(
    'has the same cells, to the byte, as threads of its own',
    async () => {
      const seeds = ['--seeds', '2', '--strategy', 'merged,isolate-first,cheapest-range'];
      const args = ['compare', 'examples/scenarios/two-dimms.yaml', ...seeds];
      const [here] = await Promise.all([
        vacate([...args, '--out', join(folder, 'here')]),
        ...[1, 2].map(() => startWorker(['--redis', redis.url, '--jobs', '1'])),
      ]);
      const there = await vacate([...args, '--redis', redis.url, '--out', join(folder, 'there')]);
      expect([there.exitCode, there.stderr, here.exitCode]).toEqual([0, '', 0]);
      const files = ['run.json', 'cells.csv', 'summary.csv', 'cells.parquet', 'report.html'];
      const rows = expectSameResults(folder, { here, there }, files, 'cells.jsonl');
      expect(rows.length).toBeGreaterThan(6);
    },
    PATIENCE_MS,
  );

  it(
    'does not write down what runs elsewhere',
    async () => {
      const args = ['compare', 'examples/scenarios/two-dimms.yaml', '--redis', redis.url, '--out', join(folder, 'no')];
      const { exitCode, stderr } = await vacate([...args, '--record', join(folder, 'runs')]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--redis runs it elsewhere')]);
    },
    PATIENCE_MS,
  );
});
