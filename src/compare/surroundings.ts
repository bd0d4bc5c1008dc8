import type { Activities } from '../scenario/index.js';
import type { Machine } from '../sim/machine.js';
import { advance } from '../sim/writeback.js';

/** Virtual time that other tasks have at each pause of a job. */
export const PAUSE_NS = 100_000;

/** What goes on beside a job: the machine's clock, and its other tasks if it has any. */
export interface Surroundings {
  /** At a pause of a job: other tasks run for PAUSE_NS. Without any, no time goes by that the job does not take. */
  pause(): void;
  /** So much virtual time goes by, in nanoseconds, whatever is going on. */
  pass(ns: number): void;
  readonly failures: number;
  readonly wrong: number;
  hasWritten(mm: number, vpn: number): boolean;
  stop(): void;
}

/** A machine on which nobody else runs. */
export function alone(machine: Machine): Surroundings {
  return {
    pause: () => {},
    pass: (ns) => advance(machine, 0, ns),
    failures: 0,
    wrong: 0,
    hasWritten: () => false,
    stop: () => {},
  };
}

/** A machine whose other tasks go on. */
export function among(activities: Activities): Surroundings {
  return {
    pause: () => activities.run(PAUSE_NS),
    pass: (ns) => activities.run(ns),
    get failures() {
      return activities.failures;
    },
    get wrong() {
      return activities.wrong;
    },
    hasWritten: (mm, vpn) => activities.hasWritten(mm, vpn),
    stop: () => activities.stop(),
  };
}
