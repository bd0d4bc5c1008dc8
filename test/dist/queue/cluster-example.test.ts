import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT, vacate } from '../run-cli.js';
import { ended, freePort } from './redis-server.js';
import { until } from './workers.js';

const PATIENCE_MS = 120_000;
const CAPTURE = 'test/fixtures/captures/pinned-offline/before-memory32';
const VACATE = `${process.execPath} dist/cli/main.js`;

const folder = mkdtempSync(join(tmpdir(), 'vacate-cluster-'));
const secret = join(folder, 'redis-password');
const { services } = parse(readFileSync(join(ROOT, 'examples/cluster/compose.yaml'), 'utf8'));
const unit = readFileSync(join(ROOT, 'examples/cluster/vacate-worker.service'), 'utf8');
const children: ChildProcess[] = [];
let port: number;

/** Begins a command of the examples as a shell would, with names and places of this test; says what it prints. */
function begin(command: string): { child: ChildProcess; said: () => string } {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  return { child, said: () => said };
}

beforeAll(async () => {
  port = await freePort();
  mkdirSync(join(folder, 'data'));
  writeFileSync(secret, 'open-sesame-7\n');
  const command = services.redis.command
    .replaceAll('$$', '$')
    .replace('/run/secrets/redis-password', secret)
    .replace('redis-server', `redis-server --bind 127.0.0.1 --port ${port} --dir ${join(folder, 'data')}`);
  const redis = begin(command);
  await until(() => redis.said().includes('Ready to accept connections') || redis.child.exitCode !== null);
  expect(redis.child.exitCode).toBe(null);
}, PATIENCE_MS);

afterAll(async () => {
  await Promise.all(children.map((child) => ended(child, 'SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
}, PATIENCE_MS);

/** A worker as this command begins it does a job, is healthy meanwhile, and ends in good order. */
async function expectWorker(command: string, health: (port: number) => number | null): Promise<void> {
  const metrics = await freePort();
  const { child, said } = begin(command.replace(/^(\/usr\/bin\/)?vacate /, `${VACATE} `).replace('9464', `${metrics}`));
  await until(() => said().includes('ready') || child.exitCode !== null);
  expect(said()).toContain(`from the Redis at 127.0.0.1:${port}; metrics at 127.0.0.1:${metrics}`);
  const args = ['fleet', 'forecast', CAPTURE, '--redis', `redis://127.0.0.1:${port}`, '--redis-password-file', secret];
  expect(await vacate(args)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(health(metrics)).toBe(0);
  await ended(child, 'SIGTERM');
  expect([child.exitCode, said()]).toEqual([0, expect.stringContaining('ended: 1 job done')]);
}

describe('examples/cluster', () => {
  it(
    'has a Compose file whose commands work together',
    async () => {
      const command = services.worker.command
        .replace('redis:6379', `127.0.0.1:${port}`)
        .replace('/run/secrets/redis-password', secret)
        .replace('0.0.0.0', '127.0.0.1');
      const [kind, program, ...args] = services.worker.healthcheck.test;
      expect([kind, program]).toEqual(['CMD', 'node']);
      const health = (at: number, words = args.map((word: string) => word.replace('9464', `${at}`))) =>
        spawnSync(process.execPath, words).status;
      await expectWorker(command, health);
      expect(health(await freePort())).not.toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    'has a unit whose command works',
    async () => {
      const [, redis] = /^Environment=VACATE_REDIS=(\S+)$/m.exec(unit)!;
      const [, command] = /^ExecStart=(.+)$/m.exec(unit)!;
      const [, name] = /^LoadCredential=(\S+):/m.exec(unit)!;
      expect(redis).toMatch(/^rediss:/);
      expect(unit).toMatch(/^KillSignal=SIGTERM$/m);
      // As systemd puts it together; a Redis with TLS has a test of its own.
      const whole = command!.replace(`${'$'}{VACATE_REDIS}`, `redis://127.0.0.1:${port}`).replace(`%d/${name}`, secret);
      await expectWorker(whole, () => 0);
    },
    PATIENCE_MS,
  );
});
