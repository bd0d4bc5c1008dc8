import 'reflect-metadata';
import { createEvacuator, type Evacuator } from '../../container/create-evacuator.js';
import { driveJob } from '../../container/run-job.js';
import type { BlockId } from '../../mm/units.js';
import { packChunk } from '../../recording/chunk-writer.js';
import { plainTables } from '../../recording/plain-tables.js';
import { Recorder } from '../../recording/recorder.js';
import { simModule } from '../../sim/sim-module.js';
import type { HighOrderResult, Job, JobOutcome, OfflineResult } from '../../strategies/strategy.js';
import type { KeeperCall, KeeperStart } from '../../workers/keeper-call.js';
import { Interrupts } from '../interrupts.js';
import { type OpenMachine, openMachine } from '../open-machine.js';
import { loadPageTypes } from '../page-types.js';
import type { LookTask } from './look-keeper.js';
import { Telling, untilLetGo } from './run-control.js';
import { ToldProgress } from './told-progress.js';

/** What is to be done on which machine. */
export interface RunTask extends Omit<LookTask, 'root'> {
  readonly work: RunWork;
  /** As it would be typed. */
  readonly command: readonly string[];
  /** Absent, the front end's default. */
  readonly strategy: string | undefined;
  readonly hold: boolean;
  /** As `newRunControl` makes it. */
  readonly control: Int32Array;
}

export type RunWork =
  | { readonly frontEnd: 'offline'; readonly blocks: readonly BlockId[] }
  | { readonly frontEnd: 'high-order'; readonly order: number; readonly count: number | 'all' };

/** What a run tells: a chunk as `packChunk` makes it, or how far it is. */
export type RunNews = { readonly chunk: Uint8Array } | { readonly state: 'held' | 'running' };
export type RunAnswer = JobOutcome | 'stopped';

/**
 * The thread of one run that was begun from the page: it opens the machine anew, so that every run begins with the same,
 * and tells what happens in chunks.
 */
export default function keepRun({ task }: KeeperStart<RunTask>) {
  return async (call: KeeperCall<'run'>): Promise<RunAnswer> => {
    const { machine: name, seed } = task;
    const quiet = { progress: new ToldProgress(() => {}), interrupts: new Interrupts() };
    const open = await openMachine(name, { ...quiet, seed });
    const plugins = await loadPageTypes(task);
    const evacuator = createEvacuator({ host: simModule(open.machine), plugins, pauses: 'batch' });
    return carryOut(task, call, open, evacuator);
  };
}

async function carryOut(
  task: RunTask,
  { signal, tell }: KeeperCall<'run'>,
  open: OpenMachine,
  evacuator: Evacuator,
): Promise<RunAnswer> {
  const telling = new Telling(task.control);
  const job = jobOf(task, evacuator);
  const recorder = new Recorder(evacuator.host, evacuator.counters, evacuator.ranges$, {
    facts: factsOf(task, open, evacuator),
    sink: (chunk) => {
      const message = packChunk(chunk, null);
      telling.note(message.length);
      tell({ chunk: message } satisfies RunNews);
    },
    clock: () => performance.now(),
  });
  if (task.hold) {
    tell({ state: 'held' } satisfies RunNews);
    await untilLetGo(task.control, signal);
  }
  tell({ state: 'running' } satisfies RunNews);
  const onProgress = () => {
    recorder.tick();
    return telling.room(signal);
  };
  try {
    const end = await driveJob(job, { signal, onProgress });
    const isFinished = end.ended === 'finished';
    recorder.finish(isFinished ? end.result.outcome : 'interrupted', isFinished ? rangesOf(end.result) : []);
    return isFinished ? end.result.outcome : 'stopped';
  } catch (error) {
    recorder.finish('failed');
    throw error;
  }
}

type Result = OfflineResult | HighOrderResult;

function jobOf({ work, strategy }: RunTask, evacuator: Evacuator): Job<Result> {
  if (work.frontEnd === 'offline') return evacuator.offline({ blocks: work.blocks }, strategy);
  return evacuator.highOrder({ order: work.order, count: work.count }, strategy);
}

function rangesOf(result: Result) {
  return 'ranges' in result ? result.ranges : [];
}

function factsOf({ command, strategy, work, by }: RunTask, { source, seed }: OpenMachine, evacuator: Evacuator) {
  const { strategies, service } = evacuator;
  const byDefault = (work.frontEnd === 'offline' ? strategies.offline : strategies.highOrder)[0] ?? null;
  const outcomes = plainTables(service.handlers.tables);
  return { command, seed, strategy: strategy ?? byDefault, outcomes, by, source };
}
