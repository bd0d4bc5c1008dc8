import { ENTRY_SLEEPERS, SHOOTDOWN_SLEEPERS } from '../../../src/smp/control.js';
import type { SharedMachine } from '../../../src/smp/index.js';

/** What the threads of a test tell each other besides the machine: cues and a common order of events. */
export const CUE_TRANSLATED = 0;
export const CUE_STORE = 1;
export const CUE_STORED = 2;
export const CUE_UNMAPPED = 3;
export const CUE_GO_ON = 4;
export const CUE_LOADED = 5;
export const CUE_JOB_ENDED = 6;
export const CUE_READY = 7;
export const CUE_END = 8;
export const CUE_ENOUGH = 9;
/** Events so far; each cue holds the number of its event, counted from 1. */
const EVENTS = 15;
const NR_WORDS = 16;
/** No test waits longer for a cue: what hangs fails. */
const PATIENCE_MS = 120_000;

export type Stage = Int32Array;

export function createStage(): Stage {
  return new Int32Array(new SharedArrayBuffer(NR_WORDS * 4));
}

/** Gives a cue, once; it is the next event. */
export function giveCue(stage: Stage, cue: number): void {
  Atomics.store(stage, cue, Atomics.add(stage, EVENTS, 1) + 1);
  Atomics.notify(stage, cue);
}

/** Waits for a cue; returns when in the order of events it came. */
export function awaitCue(stage: Stage, cue: number): number {
  if (Atomics.load(stage, cue) === 0 && Atomics.wait(stage, cue, 0, PATIENCE_MS) === 'timed-out')
    throw new Error(`cue ${cue} never came`);
  return Atomics.load(stage, cue);
}

export function hasCome(stage: Stage, cue: number): boolean {
  return Atomics.load(stage, cue) !== 0;
}

/** True while a CPU sleeps until others have answered its shootdown. */
export function sleepsOnShootdown({ control }: SharedMachine, cpu: number): boolean {
  return (Atomics.load(new Int32Array(control), SHOOTDOWN_SLEEPERS) & (1 << cpu)) !== 0;
}

/** True while a CPU sleeps on a migration entry. */
export function sleepsOnEntry({ control }: SharedMachine, cpu: number): boolean {
  return (Atomics.load(new Int32Array(control), ENTRY_SLEEPERS) & (1 << cpu)) !== 0;
}

/** Waits for something that nobody gives a cue for. */
export function until(isSo: () => boolean): void {
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (let left = PATIENCE_MS; !isSo(); left--) {
    if (left === 0) throw new Error('what was waited for never came');
    Atomics.wait(idle, 0, 0, 1);
  }
}
