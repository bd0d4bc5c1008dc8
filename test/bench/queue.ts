import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, RedisServer } from '../dist/queue/redis-server.js';

/**
 * What a queue costs, and what a second worker brings: `vacate fleet forecast` over copies of one capture, on threads of its
 * own and over Redis, in turn, round after round. Seconds are of the wall, from the start of the command to its end.
 *
 * `npm run build && node dist/test/bench/queue.js [captures] [rounds]`
 */
const CAPTURES = Number(process.argv[2] ?? 60);
const ROUNDS = Number(process.argv[3] ?? 3);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CAPTURE = join(ROOT, 'test/fixtures/captures/pinned-offline/before-memory32');

const folder = mkdtempSync(join(tmpdir(), 'vacate-queue-bench-'));

async function main(): Promise<void> {
  const captures = join(folder, 'captures');
  mkdirSync(captures);
  for (let at = 0; at < CAPTURES; at++) cpSync(CAPTURE, join(captures, `host${at}`), { recursive: true });
  const workers: ChildProcess[] = [];
  const servers = [await RedisServer.start(), await RedisServer.start()] as const;
  try {
    for (const { url } of [servers[0], servers[1], servers[1]]) workers.push(await startWorker(url));
    const ways = {
      'embedded, 1 thread': ['--jobs', '1'],
      'queue, 1 worker': ['--redis', servers[0].url],
      'embedded, 2 threads': ['--jobs', '2'],
      'queue, 2 workers': ['--redis', servers[1].url],
    };
    const seconds = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, args] of Object.entries(ways)) {
        const spent = await secondsOf(['fleet', 'forecast', captures, '--json', ...args]);
        // The first round fills caches and warms workers up.
        if (round > 0) seconds.get(name)!.push(spent);
      }
    report(seconds);
  } finally {
    await Promise.all(workers.map((worker) => ended(worker, 'SIGTERM')));
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function secondsOf(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  const child = vacate(args, 'ignore');
  const exitCode = await new Promise((resolve) => child.on('exit', resolve));
  if (exitCode !== 0) throw new Error(`vacate ${args.join(' ')} ended with ${exitCode}`);
  return (performance.now() - begun) / 1000;
}

/** Resolves when it is ready. */
function startWorker(url: string): Promise<ChildProcess> {
  const child = vacate(['worker', '--redis', url, '--jobs', '1', '--json'], 'pipe');
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve(child));
    child.on('exit', (exitCode) => reject(new Error(`a worker ended with ${exitCode}`)));
  });
}

function vacate(args: readonly string[], stdout: 'ignore' | 'pipe'): ChildProcess {
  return spawn(process.execPath, ['dist/cli/main.js', ...args], { cwd: ROOT, stdio: ['ignore', stdout, 'inherit'] });
}

function report(seconds: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, all] of seconds)
    console.log(`${name.padEnd(20)} ${median(all).toFixed(2)} s, ${(CAPTURES / median(all)).toFixed(1)} hosts/s`);
  const ratio = (one: string, other: string) =>
    median(seconds.get(one)!.map((spent, round) => spent / seconds.get(other)![round]!));
  console.log(`2 workers are ${ratio('queue, 1 worker', 'queue, 2 workers').toFixed(2)} times as fast as 1`);
  for (const nr of ['1 thread', '2 threads']) {
    const other = nr === '1 thread' ? 'queue, 1 worker' : 'queue, 2 workers';
    console.log(`the queue costs ${((ratio(other, `embedded, ${nr}`) - 1) * 100).toFixed(1)} % against ${nr}`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

await main();
