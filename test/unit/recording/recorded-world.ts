import { Prng } from '../../../src/base/prng.js';
import { VacateError } from '../../../src/base/vacate-error.js';
import type { Chunk, ChunkKind } from '../../../src/recording/chunk.js';
import { Recorder, type RunFacts } from '../../../src/recording/recorder.js';
import type { RecordingEnd } from '../../../src/recording/records.js';
import { Replay } from '../../../src/recording/replay.js';
import type { StageOptions } from '../../../src/recording/stage.js';
import { apply, OPERATIONS, type Operation } from '../../swarm/operations.js';
import { World } from '../../swarm/world.js';

/** A run on a small machine with others busy between its pauses, and everything that was recorded of it. */
export interface RecordedWorld {
  readonly world: World;
  readonly chunks: readonly Chunk[];
  readonly end: RecordingEnd;
}

const FACTS: Omit<RunFacts, 'outcomes'> = {
  command: ['offline', 'somewhere.yaml'],
  source: 'scenario',
  seed: 7,
  strategy: null,
  by: '0.0.0',
};

const NAMES = Object.keys(OPERATIONS) as Operation['what'][];
const START = ['process', 'mapAnonymous', 'file', 'mapFile', 'writeMany', 'hog', 'writeMany'] as const;

/** Jobs of both front ends and all strategies, one after the other, while other tasks do what they like. */
export function recordWorld(seed: number, nrJobs = 4): RecordedWorld {
  const prng = new Prng(seed);
  const shape = { seed, blocks: 4, nodes: 1 + (seed % 2), bytes: false, swapPages: 256, cpus: 2 };
  const world = new World(shape);
  START.forEach((what, i) => {
    apply(world, { what, a: i, b: 0x55_5555 + i * 977, c: i * 4 });
  });
  for (let i = 0; i < 40; i++) apply(world, anyOperation(prng));
  const { host, counters, ranges$, service } = world.evacuator;
  const chunks: Chunk[] = [];
  let ms = 0;
  const recorder = new Recorder(host, counters, ranges$, {
    facts: { ...FACTS, outcomes: service.handlers.tables },
    sink: (chunk) => chunks.push(chunk),
    clock: () => {
      ms += 0.01;
      return ms;
    },
  });
  for (let job = 0; job < nrJobs; job++) {
    carryOut(world, prng, job);
    recorder.tick();
    ms += 60;
  }
  return { world, chunks, end: recorder.finish('done') };
}

function anyOperation(prng: Prng): Operation {
  const number = () => prng.below(2 ** 31 - 1);
  return { what: NAMES[prng.below(NAMES.length)]!, a: number(), b: number(), c: number() };
}

function carryOut(world: World, prng: Prng, job: number): void {
  const { evacuator, machine } = world;
  const { offline, highOrder } = evacuator.strategies;
  const nrBlocks = machine.blockState.length;
  try {
    const steps =
      job % 2 === 0
        ? evacuator.highOrder({ order: 6 + prng.below(4), count: 3 }, highOrder[prng.below(highOrder.length)])
        : evacuator.offline({ blocks: [prng.below(nrBlocks)] }, offline[prng.below(offline.length)]);
    const stopAt = prng.below(4) === 0 ? prng.below(40) : 50_000;
    for (let pause = 0; pause < stopAt && steps.next().done !== true; pause++)
      if (prng.below(3) === 0) apply(world, anyOperation(prng));
    steps.return(undefined as never);
  } catch (error) {
    if (!VacateError.is(error)) throw error;
  }
}

/** A replay that has been fed everything and stands at the beginning. */
export function replayOf(chunks: readonly Chunk[], options: StageOptions = {}): Replay {
  const replay = new Replay(options);
  for (const chunk of chunks) replay.feed(chunk);
  return replay;
}

export function nrOf(chunks: readonly Chunk[], kind: ChunkKind): number {
  return chunks.filter((chunk) => chunk.kind === kind).length;
}
