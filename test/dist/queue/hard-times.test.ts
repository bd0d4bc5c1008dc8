import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANON_PAGE, removeTemporaryDirectories, Sketch } from '../../unit/capture/sketch.js';
import { type Ended, MAIN, ROOT, vacate } from '../run-cli.js';
import { ended, RedisServer } from './redis-server.js';
import { endWorkers, startWorker, type TestWorker, until } from './workers.js';

const PATIENCE_MS = 300_000;
const NR_CAPTURES = 40;
const SLOW = 'test/dist/plugins/slow.mjs';

const folder = mkdtempSync(join(tmpdir(), 'vacate-hard-times-'));
const captures = join(folder, 'captures');
let redis: RedisServer;

beforeAll(async () => {
  mkdirSync(captures);
  const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 30).write();
  for (let at = 0; at < NR_CAPTURES; at++) cpSync(drawn, join(captures, `host${at}`), { recursive: true });
  redis = await RedisServer.start();
}, PATIENCE_MS);

afterEach(async () => {
  await endWorkers();
});

afterAll(async () => {
  await redis.stop();
  removeTemporaryDirectories();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

const fleet = (...args: readonly string[]) => ['fleet', 'forecast', captures, '--redis', redis.url, ...args];
const out = (name: string) => ['--out', join(folder, name)];
const worker = (...args: readonly string[]) => startWorker(['--redis', redis.url, '--jobs', '1', ...args]);
const ask = (...words: readonly string[]) =>
  spawnSync('redis-cli', ['-p', `${redis.port}`, ...words], { encoding: 'utf8' }).stdout.trim();
const rowsIn = (name: string): string[] => {
  const journal = join(folder, name, 'hosts.jsonl');
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : [];
};
const messagesWaiting = () => Number(ask('ZCARD', `${ask('KEYS', 'vacate:*:jobs:prioritized')}`) || 0);

describe('a client whose disk is full', () => {
  it(
    'says so and ends, and goes on when there is room',
    async () => {
      const args = fleet(...out('full'));
      await worker();
      // Files of 8 KiB at most, in blocks of 512 bytes: of forty rows some have room.
      const { status, stderr } = await limited(16, args);
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/^vacate: --out \S+ cannot be used \(EFBIG\)[^\n]*\n$/),
      ]);
      const kept = rowsIn('full').length;
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(NR_CAPTURES);
      expect(ask('KEYS', 'vacate:*:run:*')).toBe('');
      // Still full: nothing that was kept is lost.
      expect((await limited(16, [...args, '--resume'])).status).toBe(2);
      expect(rowsIn('full').length).toBeGreaterThanOrEqual(kept);
      const whole = await vacate([...args, '--resume']);
      expect([whole.exitCode, whole.stderr, rowsIn('full').length]).toEqual([0, '', NR_CAPTURES]);
    },
    PATIENCE_MS,
  );
});

describe('several clients', () => {
  it(
    'have their rows in the order of their priorities, and one that is stopped leaves the others theirs',
    async () => {
      const monitor = spawn('redis-cli', ['-p', `${redis.port}`, 'MONITOR'], { stdio: ['ignore', 'pipe', 'ignore'] });
      let seen = '';
      monitor.stdout.setEncoding('utf8').on('data', (text) => {
        seen += text;
      });
      await until(() => seen.startsWith('OK'));
      // Where nobody is known to work, each job is a message.
      ask('DEL', 'vacate:workers');
      const late = vacate(fleet('--priority', '90', '--json'));
      await until(() => messagesWaiting() === NR_CAPTURES);
      const stopped = vacate(fleet('--priority', '95', ...out('stopped')), {
        interruptWhen: () => messagesWaiting() === 2 * NR_CAPTURES,
      });
      expect((await stopped).exitCode).toBe(130);
      expect(messagesWaiting()).toBe(NR_CAPTURES);
      const soon = vacate([...fleet('--priority', '1', '--json'), '--need', '1MiB']);
      await until(() => messagesWaiting() === 2 * NR_CAPTURES);
      await worker();
      expect([(await soon).exitCode, (await late).exitCode]).toEqual([0, 0]);
      await ended(monitor, 'SIGTERM');
      const runs = [...seen.matchAll(/"xadd" "\S+:run:(\w+):rows"/gi)].map(([, run]) => run!);
      expect(runs).toHaveLength(2 * NR_CAPTURES);
      const [first, last] = [runs[0]!, runs.at(-1)!];
      expect(runs).toEqual([...Array(NR_CAPTURES).fill(first), ...Array(NR_CAPTURES).fill(last)]);
      // Whoever came first is not whose rows came first.
      expect(seen.indexOf(last)).toBeLessThan(seen.indexOf(first));
    },
    PATIENCE_MS,
  );

  it(
    'can be stopped while workers are busy with their jobs, which go on with others',
    async () => {
      const busy = await worker('--plugin', SLOW);
      const args = fleet('--plugin', SLOW, '--priority', '10', ...out('busy'));
      const stopping = vacate(args, { interruptWhen: () => rowsIn('busy').length > 0 });
      await until(() => rowsIn('busy').length > 0);
      const other = vacate(fleet('--json'));
      const { exitCode, stderr } = await stopping;
      expect([exitCode, stderr]).toEqual([130, expect.stringMatching(/\d+ of 40 hosts are finished and kept in/)]);
      expect(rowsIn('busy').length).toBeLessThan(NR_CAPTURES);
      expect([(await other).exitCode, ask('KEYS', 'vacate:*:run:*')]).toEqual([0, '']);
      expect(await busy.end('SIGTERM')).toBe(0);
      const whole = JSON.parse((await other).stdout);
      expect(whole.report.hosts).toBe(NR_CAPTURES);
    },
    PATIENCE_MS,
  );
});

describe('a worker that was not started with a module', () => {
  it(
    'says so in each row, and loads nothing',
    async () => {
      await worker();
      const where = join(captures, 'host1');
      const args = ['fleet', 'forecast', where, '--redis', redis.url, '--plugin', SLOW, '--json'];
      const { exitCode, stdout } = await vacate(args);
      const because = `no worker was started with the module "${SLOW}"; name it to vacate worker too`;
      expect([exitCode, JSON.parse(stdout).report.failed]).toEqual([1, [{ host: 'host1', where, because }]]);
    },
    PATIENCE_MS,
  );
});

describe('a Redis that never comes back', () => {
  it(
    'is given up by its clients, who keep what they have, and left by its workers when they are told',
    async () => {
      const server = await RedisServer.start();
      const args = ['fleet', 'forecast', captures, '--redis', server.url, '--wait', '1s', ...out('lost')];
      let idle: TestWorker | null = null;
      try {
        const at = ['--redis', server.url, '--jobs', '1', '--plugin', SLOW];
        idle = await startWorker(at);
        const running: Promise<Ended> = vacate([...args, '--plugin', SLOW]);
        await until(() => rowsIn('lost').length > 0);
        await server.kill();
        const { exitCode, stdout, stderr } = await running;
        expect([exitCode, stdout]).toEqual([1, '']);
        expect(stderr).toMatch(/vacate: Redis has gone \(.+\); nothing is lost, waiting for it\n/);
        expect(stderr).toMatch(
          /vacate: gave up waiting: Redis has gone and did not come back; \d+ of 40 hosts are finished and kept in .+--resume goes on/,
        );
        expect(rowsIn('lost').length).toBeGreaterThan(0);
        expect(idle.said()).toContain('Redis has gone');
        expect(await idle.end('SIGTERM')).toBe(0);
        expect(idle.said()).toContain('ended: ');
      } finally {
        await server.stop();
      }
    },
    PATIENCE_MS,
  );
});

/** The command where no file may be longer than so many blocks of 512 bytes. */
function limited(blocks: number, args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
  const shell = ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath, MAIN, ...args];
  const child = spawn('/bin/sh', shell, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, stderr }));
  });
}
