import { createEvacuator, type Evacuator } from '../container/create-evacuator.js';
import { driveJob, type JobEnd } from '../container/run-job.js';
import type { PageType } from '../handler/define-page-type.js';
import type { RefusalCount } from '../migration/migration-report.js';
import type { Machine } from '../sim/machine.js';
import { simModule } from '../sim/sim-module.js';
import type { StrategyDefinition } from '../strategies/define-strategy.js';
import type { Job, JobOutcome, StrategyProgress } from '../strategies/strategy.js';
import { type Account, AccountBook } from './account.js';
import type { Context } from './context.js';
import { Interrupted } from './interrupts.js';
import type { Recording, RecordWish } from './record/recording.js';
import { type JobSight, JobView } from './watch/job-view.js';
import { countOf } from './wording.js';

export interface Task<Result> {
  readonly machine: Machine;
  readonly pageTypes: readonly PageType[];
  /** Strategies of the user's, beside the shipped ones. */
  readonly strategies?: readonly StrategyDefinition[];
  readonly timeoutMs: number | null;
  readonly frontEnd: 'offline' | 'highOrder';
  /** Its name; the front end's default without one. */
  readonly strategy?: string | undefined;
  /** Asks for the job. */
  readonly begin: (evacuator: Evacuator) => Job<Result>;
  /** What somebody who watches is shown; without it, and where there is no room for it, there is a progress bar. */
  readonly sight?: JobSight;
  /** For those who show it themselves. */
  readonly watch?: { readonly sliceMs: number; readonly onProgress: (progress: StrategyProgress) => Promise<void> };
  /** What other CPUs do at each pause of the job. */
  readonly onPause?: () => void;
  /** The file that the run is recorded in, if any, and what to say of it. */
  readonly record?: RecordWish | null;
}

export interface Carried<Result> {
  /** Null if the time was up first. */
  readonly result: Result | null;
  readonly account: Account;
  readonly blocksMade: number;
  readonly strategy: string;
  readonly evacuator: Evacuator;
}

/**
 * Carries out one job on one machine, with its account and its progress.
 *
 * @throws Interrupted when the user stopped it, after everything has been put back.
 */
export async function carryOut<Result>(context: Context, task: Task<Result>): Promise<Carried<Result>> {
  const { machine, pageTypes, timeoutMs } = task;
  const evacuator = createEvacuator({
    host: simModule(machine),
    plugins: pageTypes,
    pauses: 'batch',
    strategies: task.strategies ?? [],
    onListenerError: (error) => context.note(`a listener failed and was left out: ${String(error)}`),
  });
  const job = task.begin(evacuator);
  const strategy = task.strategy ?? (evacuator.strategies[task.frontEnd][0] as string);
  const book = new AccountBook(machine, evacuator);
  const recording = await beginRecording(context, task, evacuator, strategy);
  const view = viewOf(context, task, evacuator);
  const sliceMs = task.watch?.sliceMs ?? view?.sliceMs;
  const show = async (progress: StrategyProgress) => {
    if (view === null || !(await view.show(progress, book))) showProgress(context, progress);
  };
  const onProgress = task.watch?.onProgress ?? show;
  const driving = driveJob(job, {
    signal: context.interrupts.signal,
    timeoutMs,
    ...(sliceMs === undefined ? {} : { sliceMs }),
    onProgress: async (progress) => {
      await onProgress(progress);
      await recording?.tick();
    },
    onPause: ({ step }) => {
      if (step === 'waiting') book.waits++;
      task.onPause?.();
    },
  });
  const end = await recorded(recording, driving);
  context.progress.stop();
  view?.close();
  if (end.ended === 'aborted') throw new Interrupted(interruption(book));
  const result = end.ended === 'finished' ? end.result : null;
  return { result, account: book.close(end.busyMs), blocksMade: book.blocksMade, strategy, evacuator };
}

/** What it takes to record is loaded only where somebody wants it. */
async function beginRecording<Result>(
  context: Context,
  { record = null }: Task<Result>,
  evacuator: Evacuator,
  strategy: string,
): Promise<Recording | null> {
  if (record === null) return null;
  const { Recording, recordedJob } = await import('./record/recording.js');
  return Recording.begin(context, record, recordedJob(evacuator, strategy));
}

/** Waits for the end of a job, and writes into its recording what that was. */
async function recorded<Result>(
  recording: Recording | null,
  driving: Promise<JobEnd<Result>>,
): Promise<JobEnd<Result>> {
  let outcome = 'failed';
  try {
    const end = await driving;
    if (end.ended === 'finished') outcome = (end.result as { outcome: JobOutcome }).outcome;
    else outcome = end.ended === 'aborted' ? 'interrupted' : 'timeout';
    return end;
  } finally {
    await recording?.end(outcome);
  }
}

function viewOf<Result>(context: Context, { machine, sight }: Task<Result>, evacuator: Evacuator): JobView | null {
  if (sight === undefined || !context.isWatched || sight.watching.watch === false) return null;
  return new JobView(context, machine, evacuator, sight);
}

function showProgress({ progress }: Context, { step, done, total }: StrategyProgress): void {
  progress.update({ label: step, done, total, unit: step === 'migrating' ? 'pages' : null });
}

/** What stands after a job was stopped, and what was undone. */
export function interruption({ pagesMigrated, pagesReclaimed, blocksMade, blocksOffline }: Standing): string {
  const counts: readonly (readonly [nr: number, what: string, became: string])[] = [
    [pagesMigrated, 'page', 'had moved'],
    [pagesReclaimed, 'page', 'had been reclaimed'],
    [blocksMade, 'block', 'had been made'],
    [blocksOffline, 'block', 'had gone offline'],
  ];
  const stands = counts.filter(([nr]) => nr > 0).map(([nr, what, became]) => `${countOf(nr, what)} ${became}`);
  if (stands.length === 0) return 'nothing had moved, and what was isolated is in use again';
  return `${stands.join(', ')}, and so it stays; everything else was put back`;
}

type Standing = Pick<AccountBook, 'pagesMigrated' | 'pagesReclaimed' | 'blocksMade' | 'blocksOffline'>;

/** Stands in a report beside the refusals when time was up. */
export function timeoutRefusal(timeoutMs: number, pages: number): RefusalCount {
  const because = `not done after ${formatMs(timeoutMs)}: what was under way was put back; allow more with --timeout`;
  return { handler: 'core', reason: 'timeout', kind: 'retry', because, pages, pfns: [] };
}

function formatMs(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}
