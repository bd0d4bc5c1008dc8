import { Worker } from 'node:worker_threads';
import { VacateError, type VacateErrorKind } from '../../base/vacate-error.js';
import type { Forecast } from '../../forecast/verdict.js';
import { WALL_CLOCK } from '../../linux/hotplug/wall-clock.js';
import type { BlockId } from '../../mm/units.js';
import type { Context } from '../context.js';
import type { Step } from '../progress.js';

export interface ForecastQuestion {
  readonly root: string | undefined;
  readonly blocks: readonly BlockId[];
}

/** What the thread says: how far it is, and at last what it found. */
export type ForecastAnswer =
  | { readonly step: Step }
  | { readonly forecast: Forecast; readonly caveats: readonly string[] }
  | { readonly error: { readonly kind: VacateErrorKind; readonly message: string } };

export type MadeForecast = Extract<ForecastAnswer, { readonly forecast: Forecast }>;

/** By the clock of this process; infinite for never. */
export interface Deadline {
  readonly deadlineMs: number;
}

/** setTimeout takes no more than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * A forecast of the host, made in a thread of its own; null if time was up first. Nothing is at stake meanwhile, so the
 * thread is ended in the middle of what it does.
 *
 * @throws VacateError as openMachine does; Interrupted if the user stops it.
 */
export async function forecastAside(
  { progress, interrupts }: Context,
  question: ForecastQuestion,
  { deadlineMs }: Deadline,
): Promise<MadeForecast | null> {
  const worker = new Worker(new URL('./forecast-worker.js', import.meta.url), { workerData: question });
  const { signal } = interrupts;
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  const stopped = new Promise<null>((resolve) => {
    stop = () => resolve(null);
    signal.addEventListener('abort', stop, { once: true });
    const patienceMs = Math.max(0, deadlineMs - WALL_CLOCK.now());
    if (patienceMs <= TIMER_MS_MAX) timer = setTimeout(stop, patienceMs);
  });
  const answered = new Promise<MadeForecast>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (answer: ForecastAnswer) => {
      if ('step' in answer) progress.update(answer.step);
      else if ('error' in answer) reject(new VacateError(answer.error.kind, answer.error.message));
      else resolve(answer);
    });
  });
  try {
    const made = await Promise.race([answered, stopped]);
    await interrupts.breathe();
    return made;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    progress.stop();
    await worker.terminate();
  }
}
