import 'reflect-metadata';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  ChunkReader,
  ChunkWriter,
  createEvacuator,
  type Evacuator,
  loadShippedPlugins,
  type Machine,
  Recorder,
  Replay,
  simModule,
} from 'vacate';
import { KeptMachine } from '../../src/compare/kept-machine.js';
import { blocksOf } from '../../src/mm/memory-block.js';
import { buildMachine, parseScenario } from '../../src/scenario/index.js';
import { runToEnd } from '../../src/strategies/strategy.js';

/**
 * What it costs to record a run: CPU time of a job with a recorder and without, in turn, round after round; bytes on disk
 * for each page event, with how memory was in the beginning and without; and what a replay of it takes. Exits with 1 if
 * the recording takes more bytes than promised, or a replay comes to another hash.
 *
 * `npm run build && node dist/test/bench/recording.js [rounds] [GiB…]`
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const SIZES_GIB = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [2, 4, 16];
const BYTES_PER_EVENT_MAX = 3;
const JOBS = ['offline', 'high-order'] as const;

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
  readonly pages: number;
  /** The file; empty if nobody recorded. */
  readonly file: Buffer;
  /** Bytes of it that say how memory was in the beginning. */
  readonly beginning: number;
  readonly hash: string | null;
}

function jobOf(evacuator: Evacuator, machine: Machine, job: (typeof JOBS)[number]) {
  if (job === 'high-order') return evacuator.highOrder({ order: 9, count: 'all' });
  const { dimms, blockPages } = machine.spec;
  return evacuator.offline({ blocks: blocksOf(dimms.at(-1)!.range, blockPages) });
}

type Plugins = Awaited<ReturnType<typeof loadShippedPlugins>>;

function run(kept: KeptMachine, plugins: Plugins, job: (typeof JOBS)[number], isRecorded: boolean): Recorded {
  const { machine } = kept;
  kept.restore();
  const evacuator = createEvacuator({ host: simModule(machine), plugins, pauses: 'batch' });
  const pieces: Uint8Array[] = [];
  const begun = cpuMs();
  const writer = new ChunkWriter(
    (bytes) => pieces.push(bytes),
    (bytes) => deflateRawSync(bytes, { level: 1 }),
  );
  const recorder = isRecorded ? recorderOf(evacuator, writer) : null;
  if (isRecorded) writer.flush();
  const beginning = Buffer.concat(pieces).length;
  const { pagesMigrated, outcome } = runToEnd(jobOf(evacuator, machine, job) as never) as {
    pagesMigrated: number;
    outcome: string;
  };
  const end = recorder?.finish(outcome) ?? null;
  if (isRecorded) writer.flush();
  const ms = cpuMs() - begun;
  evacuator.dispose();
  return { ms, pages: pagesMigrated, file: Buffer.concat(pieces), beginning, hash: end?.hash ?? null };
}

function recorderOf({ host, counters, ranges$, service }: Evacuator, writer: ChunkWriter): Recorder {
  const outcomes = service.handlers.tables;
  const facts = { command: [], source: 'scenario' as const, seed: 9, strategy: 'merged', outcomes, by: 'bench' };
  const sink = writer.add.bind(writer);
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
console.log('GiB  job         pages      plain   recorded  ratio  first   bytes/event  with beginning  replay  hash');
for (const gib of SIZES_GIB) {
  const kept = new KeptMachine(machineOf(gib));
  for (const job of JOBS) {
    const first = [run(kept, plugins, job, false).ms, run(kept, plugins, job, true).ms] as const;
    const rounds = Array.from({ length: ROUNDS }, () => ({
      plain: run(kept, plugins, job, false),
      recorded: run(kept, plugins, job, true),
    }));
    const plain = median(rounds.map((round) => round.plain.ms));
    const recorded = median(rounds.map((round) => round.recorded.ms));
    const ratio = median(rounds.map((round) => round.recorded.ms / round.plain.ms));
    const { file, beginning, pages, hash } = rounds[0]!.recorded;
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
        (first[1] / first[0]).toFixed(2).padEnd(7),
        ofEvents.toFixed(2).padEnd(12),
        (file.length / pages).toFixed(2).padEnd(15),
        `${again.ms.toFixed(0)} ms`.padEnd(7),
        again.hash,
      ].join(' '),
    );
  }
}
