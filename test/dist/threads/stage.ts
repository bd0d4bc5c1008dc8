/** What the threads of a test tell each other besides the machine: cues and a common order of events. */
export const CUE_TRANSLATED = 0;
export const CUE_STORE = 1;
export const CUE_STORED = 2;
export const CUE_END = 3;
export const CUE_JOB_ENDED = 4;
export const CUE_READY = 5;
/** Events so far; each cue holds the number of its event, counted from 1. */
const EVENTS = 15;
const NR_WORDS = 16;
/** No test waits longer for a cue: what hangs fails. */
const PATIENCE_MS = 30_000;

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
