import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '../../../src/base/prng.js';
import { ANON_PAGE, removeTemporaryDirectories, Sketch } from '../../unit/capture/sketch.js';
import { vacate } from '../run-cli.js';
import { RedisServer } from './redis-server.js';
import { endWorkers, startWorker, type TestWorker, until } from './workers.js';

const PATIENCE_MS = 300_000;
const NR_CAPTURES = 500;
const NR_KINDS = 10;
/** What ends a worker, and what the Redis ends after so many rows. */
const KILL_AFTER_ROWS = [20, 70, 150, 260, 330, 420];
const RESTART_AFTER_ROWS = 200;

const folder = mkdtempSync(join(tmpdir(), 'vacate-chaos-'));
const captures = join(folder, 'captures');
const seed = Number(process.env.VACATE_SEED ?? 2004);
let redis: RedisServer;

beforeAll(async () => {
  mkdirSync(captures);
  for (let kind = 0; kind < NR_KINDS; kind++) {
    const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 30 + 50 * kind).write();
    for (let at = kind; at < NR_CAPTURES; at += NR_KINDS)
      cpSync(drawn, join(captures, `host${at}`), { recursive: true });
  }
  redis = await RedisServer.start();
}, PATIENCE_MS);

afterAll(async () => {
  await endWorkers();
  await redis.stop();
  removeTemporaryDirectories();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

const linesOf = (name: string) => {
  const file = join(folder, name, 'hosts.jsonl');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
};

describe('a fleet of 500 whose workers are killed, and whose Redis is restarted', () => {
  it(
    `loses no row and doubles none (seed ${seed})`,
    async () => {
      const prng = new Prng(seed);
      const args = ['fleet', 'forecast', captures, '--need', '1MiB'];
      const here = vacate([...args, '--out', join(folder, 'here')]);
      let isOver = false;
      const worker = () => startWorker(['--redis', redis.url, '--jobs', '1', '--takeover', '1s']);
      const workers: TestWorker[] = await Promise.all([worker(), worker()]);
      await here;
      const there = vacate([...args, '--redis', redis.url, '--out', join(folder, 'there')]).finally(() => {
        isOver = true;
      });
      const after = (rows: number) => until(() => isOver || linesOf('there').length >= rows);
      let nrKilled = 0;
      let nrRestarts = 0;
      for (const rows of [...KILL_AFTER_ROWS, RESTART_AFTER_ROWS].sort((a, b) => a - b)) {
        await after(rows);
        if (isOver) break;
        if (rows === RESTART_AFTER_ROWS) {
          await redis.kill();
          await redis.begin();
          nrRestarts++;
          continue;
        }
        const at = prng.below(workers.length);
        await workers[at]!.end('SIGKILL');
        workers[at] = await worker();
        nrKilled++;
      }
      const [queued, embedded] = [await there, await here];
      expect([queued.exitCode, embedded.exitCode, embedded.stderr]).toEqual([0, 0, '']);
      expect([nrKilled, nrRestarts]).toEqual([KILL_AFTER_ROWS.length, 1]);
      expect(linesOf('there')).toHaveLength(NR_CAPTURES);
      expect(linesOf('there').sort()).toEqual(linesOf('here').sort());
      expect(queued.stdout).toBe(embedded.stdout.replaceAll(join(folder, 'here'), join(folder, 'there')));
      for (const file of ['fleet.json', 'hosts.csv', 'hosts.parquet', 'reasons.parquet', 'report.html'])
        expect(readFileSync(join(folder, 'there', file)).equals(readFileSync(join(folder, 'here', file)))).toBe(true);
    },
    PATIENCE_MS,
  );
});
