import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vacate } from '../run-cli.js';
import { RedisServer } from './redis-server.js';
import { expectSameResults } from './same-results.js';
import { endWorkers, startWorker, type TestWorker } from './workers.js';

const PATIENCE_MS = 300_000;
const PINNED = 'test/fixtures/captures/pinned-offline';

const folder = mkdtempSync(join(tmpdir(), 'vacate-queue-'));
let redis: RedisServer;
let workers: TestWorker[] = [];

beforeAll(async () => {
  redis = await RedisServer.start();
}, PATIENCE_MS);

afterAll(async () => {
  await endWorkers();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

describe('vacate fleet forecast --redis', () => {
  it(
    'has the same rows, to the byte, from three workers as from one thread',
    async () => {
      const args = ['fleet', 'forecast', PINNED, '--need', '256MiB'];
      const [here, ...three] = await Promise.all([
        vacate([...args, '--jobs', '1', '--out', join(folder, 'here')]),
        ...[1, 2, 3].map(() => startWorker(['--redis', redis.url, '--jobs', '1'])),
      ]);
      workers = three;
      const there = await vacate([...args, '--redis', redis.url, '--out', join(folder, 'there')]);
      expect([there.exitCode, there.stderr]).toEqual([0, '']);
      const files = ['fleet.json', 'hosts.csv', 'hosts.parquet', 'report.html'];
      expectSameResults(folder, { here, there }, files, 'hosts.jsonl');
    },
    PATIENCE_MS,
  );

  it(
    'lets workers end in good order',
    async () => {
      const [terminated, interrupted] = workers as [TestWorker, TestWorker];
      expect(await terminated.end('SIGTERM')).toBe(0);
      expect(await interrupted.end('SIGINT')).toBe(130);
      expect(terminated.said()).toMatch(/ended: \d+ jobs? done, 0 failed, 0 handed back/);
    },
    PATIENCE_MS,
  );
});
