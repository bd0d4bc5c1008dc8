import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, RedisServer } from '../dist/queue/redis-server.js';

/**
 * What a queue costs, and what a second worker brings: `vacate fleet forecast` over copies of one capture, or `vacate compare`
 * of two scenarios with so many seeds, on threads of its own and over Redis, in turn, round after round. Seconds are of the wall, from the start of the command to its end, and of
 * processors, which what else runs here distorts less: of the command, its workers, and its Redis. Workers had a round
 * before the first that counts, as those of an operator have; threads of a command begin with it. All ways must have come
 * to the same rows, whose hash is printed.
 *
 * `npm run build && node dist/test/bench/queue.js [fleet|compare] [jobs] [rounds]`
 */
const KIND = process.argv[2] ?? 'fleet';
const NR_JOBS = Number(process.argv[3] ?? 60);
const ROUNDS = Number(process.argv[4] ?? 3);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CAPTURE = join(ROOT, 'test/fixtures/captures/pinned-offline/before-memory32');
/** Of /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

const folder = mkdtempSync(join(tmpdir(), 'vacate-queue-bench-'));

/** What is asked for, where it puts its rows, and what one of its jobs is called. */
interface Question {
  readonly args: readonly string[];
  readonly rows: (said: string) => string;
  readonly jobs: string;
}

/** Jobs of one kind of work: a machine with a seed, on which each strategy does what is asked for. */
const COMPARED = ['two-node-server', 'stress-highalloc'];

function questionOf(kind: string): Question {
  if (kind === 'compare') {
    const out = join(folder, 'out');
    const seeds = `${Math.ceil(NR_JOBS / COMPARED.length)}`;
    return {
      args: [
        'compare',
        ...COMPARED,
        '--strategy',
        'compaction,cheapest-range',
        '--seeds',
        seeds,
        '--out',
        out,
        '--force',
      ],
      rows: () => readFileSync(join(out, 'cells.csv'), 'utf8'),
      jobs: 'machines',
    };
  }
  const captures = join(folder, 'captures');
  mkdirSync(captures);
  for (let at = 0; at < NR_JOBS; at++) cpSync(CAPTURE, join(captures, `host${at}`), { recursive: true });
  return {
    args: ['fleet', 'forecast', captures, '--json'],
    rows: (said) => said.replaceAll(folder, ''),
    jobs: 'hosts',
  };
}

/** What one run took, in seconds. */
interface Spent {
  readonly wall: number;
  /** Of the command itself, with its threads. */
  readonly client: number;
  readonly workers: number;
  readonly redis: number;
  readonly hash: string;
}

/** A way to have the same jobs done. */
interface Way {
  readonly args: readonly string[];
  readonly workers: readonly ChildProcess[];
  readonly redis: RedisServer | null;
}

async function main(): Promise<void> {
  const question = questionOf(KIND);
  const servers = [await RedisServer.start(), await RedisServer.start()] as const;
  const workers: ChildProcess[] = [];
  try {
    for (const { url } of [servers[0], servers[1], servers[1]]) workers.push(await startWorker(url));
    const ways: Readonly<Record<string, Way>> = {
      'embedded, 1 thread': { args: ['--jobs', '1'], workers: [], redis: null },
      'queue, 1 worker': { args: ['--redis', servers[0].url], workers: workers.slice(0, 1), redis: servers[0] },
      'embedded, 2 threads': { args: ['--jobs', '2'], workers: [], redis: null },
      'queue, 2 workers': { args: ['--redis', servers[1].url], workers: workers.slice(1), redis: servers[1] },
    };
    const spent = new Map<string, Spent[]>(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, way] of Object.entries(ways)) {
        const each = await runOf(question, way);
        if (round > 0) spent.get(name)!.push(each);
      }
    report(question, spent);
  } finally {
    await Promise.all(workers.map((worker) => ended(worker, 'SIGTERM')));
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOf(question: Question, { args, workers, redis }: Way): Promise<Spent> {
  const workersBefore = sum(workers.map(({ pid }) => cpuOf(`${pid}`)));
  const redisBefore = redis === null ? 0 : cpuOf(`${redis.pid}`);
  const clientBefore = cpuOfChildren();
  const begun = performance.now();
  const child = vacate([...question.args, ...args], 'pipe');
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (piece) => {
    said += piece;
  });
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  if (exitCode !== 0) throw new Error(`vacate ${[...question.args, ...args].join(' ')} ended with ${exitCode}`);
  return {
    wall: (performance.now() - begun) / 1000,
    client: cpuOfChildren() - clientBefore,
    workers: sum(workers.map(({ pid }) => cpuOf(`${pid}`))) - workersBefore,
    redis: (redis === null ? 0 : cpuOf(`${redis.pid}`)) - redisBefore,
    hash: createHash('sha256').update(question.rows(said)).digest('hex').slice(0, 16),
  };
}

/** Seconds of processors that a process has had, its threads included (proc_pid_stat(5): utime and stime). */
function cpuOf(pid: string, first = 14): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[first - 3]) + Number(fields[first - 2])) / TICKS_A_SECOND;
}

/** The same of all children that have ended (cutime and cstime). */
function cpuOfChildren(): number {
  return cpuOf('self', 16);
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

function report({ jobs }: Question, spent: ReadonlyMap<string, readonly Spent[]>): void {
  const hashes = new Set([...spent.values()].flat().map(({ hash }) => hash));
  if (hashes.size !== 1) throw new Error(`rows differ: ${[...hashes].join(', ')}`);
  console.log(`${NR_JOBS} ${jobs}, medians of ${ROUNDS} rounds; rows ${[...hashes].join()}`);
  console.log(`                       wall  ${jobs}/s   cpu a job: all  client  workers  redis`);
  for (const [name, all] of spent) {
    const milliseconds = (of: (each: Spent) => number) => `${((median(all.map(of)) / NR_JOBS) * 1000).toFixed(1)} ms`;
    const wall = median(all.map((each) => each.wall));
    const cpu = [cpuOfAll, ({ client }: Spent) => client, (each: Spent) => each.workers, ({ redis }: Spent) => redis];
    console.log(
      `${name.padEnd(20)} ${wall.toFixed(2).padStart(5)} s ${(NR_JOBS / wall).toFixed(1).padStart(7)}   ` +
        cpu.map((of) => milliseconds(of).padStart(9)).join(' '),
    );
  }
  const ratio = (one: string, other: string, of: (each: Spent) => number) =>
    median(spent.get(one)!.map((each, round) => of(each) / of(spent.get(other)![round]!)));
  const wall = (each: Spent) => each.wall;
  for (const way of ['queue', 'embedded'] as const) {
    const [one, two] = way === 'queue' ? ['1 worker', '2 workers'] : ['1 thread', '2 threads'];
    const times = ratio(`${way}, ${one}`, `${way}, ${two}`, wall).toFixed(2);
    console.log(`${way}: ${two} are ${times} times as fast as ${one}`);
  }
  for (const [other, here] of [
    ['queue, 1 worker', 'embedded, 1 thread'],
    ['queue, 2 workers', 'embedded, 2 threads'],
  ] as const) {
    const percent = (of: (each: Spent) => number) => `${((ratio(other, here, of) - 1) * 100).toFixed(1)} %`;
    console.log(`${other} against ${here}: ${percent(wall)} of the wall, ${percent(cpuOfAll)} of processors`);
  }
}

function cpuOfAll({ client, workers, redis }: Spent): number {
  return client + workers + redis;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

await main();
