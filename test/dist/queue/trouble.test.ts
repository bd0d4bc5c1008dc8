import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANON_PAGE, removeTemporaryDirectories, Sketch } from '../../unit/capture/sketch.js';
import { type Ended, vacate } from '../run-cli.js';
import { freePort, RedisServer } from './redis-server.js';
import { endWorkers, startWorker } from './workers.js';

const PATIENCE_MS = 300_000;
const SECRET = 'open-sesame-7';

const folder = mkdtempSync(join(tmpdir(), 'vacate-trouble-'));
const captures = join(folder, 'captures');
let redis: RedisServer;

beforeAll(async () => {
  mkdirSync(captures);
  const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 30).write();
  for (const name of ['good', 'torn', 'gone']) cpSync(drawn, join(captures, name), { recursive: true });
  redis = await RedisServer.start(['--requirepass', SECRET]);
}, PATIENCE_MS);

afterAll(async () => {
  await endWorkers();
  await redis.stop();
  removeTemporaryDirectories();
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

const env = { VACATE_REDIS_PASSWORD: SECRET };
const fleet = (...args: readonly string[]) => ['fleet', 'forecast', captures, ...args];
const ask = (...words: readonly string[]) =>
  spawnSync('redis-cli', ['-p', `${redis.port}`, ...words], {
    encoding: 'utf8',
    env: { ...process.env, REDISCLI_AUTH: SECRET },
  }).stdout;

function expectSentence({ exitCode, stdout, stderr }: Ended, code: number, says: string): void {
  expect([exitCode, stdout]).toEqual([code, '']);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain(SECRET);
  expect(
    stderr
      .trim()
      .split('\n')
      .every((line) => line.startsWith('vacate: ')),
  ).toBe(true);
}

describe('a client or worker that cannot get at its Redis', () => {
  it(
    'says so, and ends',
    async () => {
      const nobody = `redis://:${SECRET}@127.0.0.1:${await freePort()}`;
      const [down, workerDown, wrong, none, bad] = (await Promise.all([
        vacate(fleet('--redis', nobody)),
        vacate(['worker', '--redis', nobody]),
        vacate(fleet('--redis', redis.url), { env: { VACATE_REDIS_PASSWORD: 'wrong' } }),
        vacate(['worker', '--redis', redis.url]),
        vacate(fleet('--redis', `http://:${SECRET}@host`)),
      ])) as [Ended, Ended, Ended, Ended, Ended];
      expectSentence(down, 1, 'ECONNREFUSED');
      expectSentence(workerDown, 1, 'no Redis answers at 127.0.0.1');
      expectSentence(wrong, 2, 'does not take this password');
      expectSentence(none, 2, 'does not take this password');
      expectSentence(bad, 2, '--redis is no address of a Redis');
    },
    PATIENCE_MS,
  );

  it(
    'gives up where nobody works, or only another version, and leaves nothing behind',
    async () => {
      expectSentence(await vacate(fleet('--redis', redis.url, '--wait', '1s'), { env }), 1, 'no worker is there');
      const other = { version: '9.9.9', host: 'there', pid: 7, jobs: 2 };
      ask('ZADD', 'vacate:workers', '99999999999999', JSON.stringify(other));
      const says = 'only workers of vacate 9.9.9 are there';
      expectSentence(await vacate(fleet('--redis', redis.url, '--wait', '1s'), { env }), 1, says);
      ask('DEL', 'vacate:workers');
      expect(ask('KEYS', 'vacate:*:run:*').trim()).toBe('');
      expect(ask('KEYS', 'vacate:*:jobs:*-*').trim()).toBe('');
    },
    PATIENCE_MS,
  );
});

describe('a run that is interrupted, resumed, and finds spoilt captures', () => {
  it(
    'keeps what it has, says what is wrong with each capture, and goes on',
    async () => {
      const out = join(folder, 'out');
      const args = fleet('--redis', redis.url, '--out', out);
      const stopped = await vacate(args, { env, interruptAt: 'no worker is there' });
      expect([stopped.exitCode, stopped.stderr]).toEqual([130, expect.stringContaining('0 of 3 hosts are finished')]);
      expect(ask('KEYS', 'vacate:*:run:*').trim()).toBe('');
      const worker = await startWorker(['--redis', redis.url, '--jobs', '1', '--json'], env);
      const whole = await vacate([...args, '--resume', '--json'], { env });
      expect([whole.exitCode, JSON.parse(whole.stdout).report.hosts]).toEqual([0, 3]);
      writeFileSync(join(captures, 'torn', 'kpageflags.gz'), 'no gzip');
      const here = await vacate(fleet('--jobs', '1', '--json'));
      const there = await vacate(fleet('--redis', redis.url, '--json'), { env });
      expect([there.exitCode, there.stdout]).toEqual([64, here.stdout]);
      expect(await worker.end('SIGTERM')).toBe(0);
      const events = worker.said().trim().split('\n');
      expect(events.map((line) => JSON.parse(line).event)).toEqual(['ready', 'draining', 'ended']);
    },
    PATIENCE_MS,
  );

  it(
    'has a row for a capture that vanished meanwhile',
    async () => {
      const args = fleet('--redis', redis.url, '--json');
      const running = vacate(args, { env });
      while (ask('KEYS', 'vacate:*:run:*:alive').trim() === '') await new Promise((resolve) => setTimeout(resolve, 20));
      renameSync(join(captures, 'gone'), join(folder, 'elsewhere'));
      await startWorker(['--redis', redis.url, '--jobs', '1'], env);
      const { exitCode, stdout } = await running;
      const { failed } = JSON.parse(stdout).report;
      expect(exitCode).toBe(64);
      expect(failed.map(({ host }: { host: string }) => host)).toEqual(['gone', 'torn']);
      expect(failed[0].because).toContain(`${join(captures, 'gone')} cannot be read (ENOENT)`);
    },
    PATIENCE_MS,
  );
});

describe('a Redis with TLS', () => {
  it(
    'is trusted by whom signed its certificate, and only then',
    async () => {
      const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const made = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      expect(spawnSync('openssl', [...made, ...subject, '-keyout', key, '-out', certificate]).status).toBe(0);
      const port = await freePort();
      const tls = ['--tls-port', `${port}`, '--tls-cert-file', certificate, '--tls-key-file', key];
      const server = await RedisServer.start([...tls, '--tls-auth-clients', 'no']);
      try {
        const url = `rediss://127.0.0.1:${port}`;
        const args = ['fleet', 'forecast', join(captures, 'good'), '--redis', url];
        expectSentence(await vacate(args), 2, 'cannot be trusted');
        await startWorker(['--redis', url, '--redis-ca', certificate, '--jobs', '1']);
        const { exitCode, stderr } = await vacate([...args, '--redis-ca', certificate]);
        expect([exitCode, stderr]).toEqual([0, '']);
      } finally {
        await endWorkers();
        await server.stop();
      }
    },
    PATIENCE_MS,
  );
});
