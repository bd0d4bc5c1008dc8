import 'reflect-metadata';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import {
  ChunkReader,
  createEvacuator,
  type Evacuator,
  loadShippedPlugins,
  type Machine,
  Recorder,
  Replay,
  simModule,
} from 'vacate';
import { RecordFile } from '../../src/cli/record/record-file.js';
import { KeptMachine } from '../../src/compare/kept-machine.js';
import { blocksOf } from '../../src/mm/memory-block.js';
import { buildMachine, parseScenario } from '../../src/scenario/index.js';
import { runToEnd } from '../../src/strategies/strategy.js';

/**
 * What it costs to record a run in a file, as commands do it: time of a job with a recorder and without, in turn, round after
 * round, and the CPU time of all threads, some of which deflate meanwhile; bytes on disk for each page event, with how memory was in the beginning and without; and what a replay of it takes. Exits with 1 if
 * the recording takes more bytes than promised, or a replay comes to another hash.
 *
 * `npm run build && node dist/test/bench/recording.js [rounds] [GiB…]`
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const SIZES_GIB = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [2, 4, 16];
const BYTES_PER_EVENT_MAX = 3;
const JOBS = ['offline', 'high-order'] as const;
type Job = (typeof JOBS)[number];

/** Half of memory in use, fragmented, kernel pages in boot memory alone. */
const scenario = (gib: number) => `
name: ${gib}-gib
seed: 9
cpus: 4
blockSize: 128MiB
dma32: 512MiB
nodes:
  - boot: ${gib * 512}MiB
    dimms:
      - { name: dimm0, size: ${gib * 256}MiB, zone: movable }
      - { name: dimm1, size: ${gib * 256}MiB, zone: movable }
workloads:
  - { kind: reserved, pages: 30000 }
  - { kind: slab, size: ${gib * 20}MiB, reclaimable: 0.5, keep: 0.3 }
  - { kind: anonymous, size: ${gib * 400}MiB, processes: 6, keep: 0.45 }
  - { kind: files, size: ${gib * 250}MiB, files: 40, mapped: 0.2, dirty: 0.1 }
  - { kind: anonymous, size: ${gib * 100}MiB, processes: 2, keep: 0.5, pattern: runs }
`;

function machineOf(gib: number): Machine {
  const steps = buildMachine(parseScenario(scenario(gib), `${gib} GiB`), { seed: 9 });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

interface Recorded {
  readonly ms: number;
  readonly cpuMs: number;
  readonly pages: number;
  readonly hash: string | null;
}

const folder = mkdtempSync(join(tmpdir(), 'vacate-bench-'));
const PATH = join(folder, 'run.vacate');
process.on('exit', () => rmSync(folder, { recursive: true }));

function jobOf(evacuator: Evacuator, machine: Machine, job: Job) {
  if (job === 'high-order') return evacuator.highOrder({ order: 9, count: 'all' });
  const { dimms, blockPages } = machine.spec;
  return evacuator.offline({ blocks: blocksOf(dimms.at(-1)!.range, blockPages) });
}

type Plugins = Awaited<ReturnType<typeof loadShippedPlugins>>;

async function run(kept: KeptMachine, plugins: Plugins, job: Job | null, isRecorded: boolean): Promise<Recorded> {
  const { machine } = kept;
  kept.restore();
  const evacuator = createEvacuator({ host: simModule(machine), plugins, pauses: 'batch' });
  const begun = { cpu: cpuMs(), at: performance.now() };
  const file = isRecorded ? new RecordFile(PATH) : null;
  const recorder = file === null ? null : recorderOf(evacuator, file);
  const { pagesMigrated, outcome } =
    job === null
      ? { pagesMigrated: 0, outcome: 'done' }
      : (runToEnd(jobOf(evacuator, machine, job) as never) as { pagesMigrated: number; outcome: string });
  const end = recorder?.finish(outcome) ?? null;
  await file?.close();
  const took = { ms: performance.now() - begun.at, cpuMs: cpuMs() - begun.cpu };
  evacuator.dispose();
  return { ...took, pages: pagesMigrated, hash: end?.hash ?? null };
}

function recorderOf({ host, counters, ranges$, service }: Evacuator, { sink }: RecordFile): Recorder {
  const outcomes = service.handlers.tables;
  const facts = { command: [], source: 'scenario' as const, seed: 9, strategy: 'merged', outcomes, by: 'bench' };
  return new Recorder(host, counters, ranges$, { facts, sink, clock: () => performance.now() });
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** CPU time to read a file and to go to its end, and what that comes to. */
function replayed(file: Buffer): { ms: number; hash: string } {
  const begun = cpuMs();
  const replay = new Replay();
  const reader = new ChunkReader((bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }));
  reader.feed(file);
  for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) replay.feed(chunk);
  replay.seekFraction(1);
  return { ms: cpuMs() - begun, hash: replay.hash() };
}

const plugins = await loadShippedPlugins();
console.log(
  'GiB  job         pages      plain   recorded  ratio  CPU   first   bytes/event  with beginning  replay  hash',
);
for (const gib of SIZES_GIB) {
  const kept = new KeptMachine(machineOf(gib));
  await run(kept, plugins, null, true);
  const beginning = readFileSync(PATH).length;
  for (const job of JOBS) {
    const first = [(await run(kept, plugins, job, false)).ms, (await run(kept, plugins, job, true)).ms] as const;
    const rounds: { plain: Recorded; recorded: Recorded }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const plain = await run(kept, plugins, job, false);
      rounds.push({ plain, recorded: await run(kept, plugins, job, true) });
    }
    const plain = median(rounds.map((round) => round.plain.ms));
    const recorded = median(rounds.map((round) => round.recorded.ms));
    const ratio = median(rounds.map((round) => round.recorded.ms / round.plain.ms));
    const cpuRatio = median(rounds.map((round) => round.recorded.cpuMs / round.plain.cpuMs));
    const { pages, hash } = rounds.at(-1)!.recorded;
    const file = readFileSync(PATH);
    const again = replayed(file);
    const ofEvents = (file.length - beginning) / pages;
    if (ofEvents > BYTES_PER_EVENT_MAX || again.hash !== hash) process.exitCode = 1;
    console.log(
      [
        String(gib).padEnd(4),
        job.padEnd(11),
        pages.toLocaleString('en-US').padEnd(10),
        `${plain.toFixed(0)} ms`.padEnd(7),
        `${recorded.toFixed(0)} ms`.padEnd(9),
        ratio.toFixed(2).padEnd(6),
        cpuRatio.toFixed(2).padEnd(5),
        (first[1] / first[0]).toFixed(2).padEnd(7),
        ofEvents.toFixed(2).padEnd(12),
        (file.length / pages).toFixed(2).padEnd(15),
        `${again.ms.toFixed(0)} ms`.padEnd(7),
        again.hash,
      ].join(' '),
    );
  }
}
