import { VacateError } from '../base/vacate-error.js';
import { STEP_SLEEPERS, STEPS } from './control.js';
import type { Cpu } from './cpu.js';

/** So often a job may pause while it puts things back; no shipped one does at all. */
const PAUSES_MAX = 10_000;

/** How a job is driven by a thread that is a CPU. */
export interface SmpDriveOptions<Progress> {
  /** Stops the job; asked at each of its pauses. Absent: `cpu.isStopped`. */
  readonly signal?: { readonly aborted: boolean };
  /** Called at each pause, outside the kernel. If it throws, the job is undone, and the error goes on. */
  readonly onPause?: (progress: Progress) => void;
}

/** How a job ended: by itself, or because somebody stopped it; everything has been put back then. */
export type DriveEnd<Result> = { readonly ended: 'finished'; readonly result: Result } | { readonly ended: 'stopped' };

/**
 * Runs a job on a CPU of a shared machine. Each step is done in the kernel; between two of them others have their turn,
 * as they have while pages are copied and shootdowns are waited for.
 *
 * @example
 * const cpu = attachCpu(shareMachine(machineFromScenario(scenario, { shared: true })), 0);
 * const { offline } = createEvacuator({ host: smpModule(cpu), plugins });
 * const options: SmpDriveOptions<StrategyProgress> = { onPause: ({ step }) => console.log(step) };
 * cpu.online();
 * const end: DriveEnd<OfflineResult> = driveJob(cpu, offline({ blocks: [8] }), options);
 * cpu.offline();
 * end.ended === 'finished' && end.result.outcome; // "done"
 */
export function driveJob<Progress, Result>(
  cpu: Cpu,
  job: Generator<Progress, Result>,
  { signal, onPause }: SmpDriveOptions<Progress> = {},
): DriveEnd<Result> {
  const isStopped = () => (signal === undefined ? cpu.isStopped() : signal.aborted);
  return cpu.kernel(() => {
    try {
      while (!isStopped()) {
        const step = job.next();
        if (step.done === true) return { ended: 'finished', result: step.value };
        if (onPause !== undefined) cpu.unlocked(() => onPause(step.value));
        stepDone(cpu);
      }
      return { ended: 'stopped' };
    } finally {
      stop(job);
      stepDone(cpu);
    }
  });
}

function stop(job: Generator<unknown, unknown>): void {
  let step = job.return(undefined);
  for (let pauses = 0; step.done !== true; pauses++) {
    if (pauses === PAUSES_MAX)
      throw new VacateError('plugin', 'the strategy goes on although it was stopped; it must let its generator return');
    step = job.next();
  }
}

/** Whoever sleeps on a locked page may look again. */
function stepDone(cpu: Cpu): void {
  if (Atomics.load(cpu.control, STEP_SLEEPERS) !== 0) {
    Atomics.add(cpu.control, STEPS, 1);
    Atomics.notify(cpu.control, STEPS);
  }
  cpu.letOthersIn();
}
