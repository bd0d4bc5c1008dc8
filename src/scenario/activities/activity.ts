import type { Prng } from '../../base/prng.js';
import { ACCESS_BLOCKED, type Access } from '../../sim/access.js';
import type { Machine } from '../../sim/machine.js';
import type { Contents } from '../contents.js';

/** Where an activity runs, and what it counts. All activities of a machine count together. */
export interface Scene {
  readonly machine: Machine;
  readonly cpu: number;
  readonly prng: Prng;
  readonly contents: Contents;
  readonly tally: Tally;
}

export interface Tally {
  /** Requests for memory that were not met. */
  failures: number;
  /** Pages that read something else than what was written to them. */
  wrong: number;
}

/** How a step ended. A task that has to wait, for memory or for a page that is moving, goes on at the next tick. */
export type Step = 'done' | 'wait';

/** What a task does again and again, one step at a time. It never throws when memory is short. */
export interface Activity {
  /** Steps per millisecond of virtual time. */
  readonly rate: number;
  step(): Step;
  /** What time itself brings to an end: a packet is consumed, a pin dropped. Called before the steps of each tick. */
  expire(): void;
  /**
   * Reads once more what it wrote and gives back all that it holds; false if a page of it is locked, and it must be asked
   * again.
   */
  end(): boolean;
}

/** What a task does that did not get its page: it waits, and has failed if there was no memory for it. */
export function waitAfter(access: Access, { tally }: Scene): Step {
  if (access !== ACCESS_BLOCKED) tally.failures++;
  return 'wait';
}
