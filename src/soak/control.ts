/*
 * How the threads of a soak come to a stand and to an end, beside what the CPUs of the machine tell each other.
 */

/** 0 while the soak goes on. */
const END = 0;
/** Not 0 while everybody is to stand still, so that the machine can be looked at as a whole. */
const QUIET = 1;
/** The migrator that may take memory offline or make blocks, plus 1: planners of one machine go one after the other. */
const TURN = 2;
/** Nothing ever happens to it: whoever sleeps on it wakes when his time is up. */
const NEVER = 3;
const FIRST_THREAD = 16;
const THREAD_WORDS = 16;

/** The soak's time is up, or somebody wants it to stop. */
export const END_TIME = 1;
/** Something was wrong: everybody stops at once. */
export const END_WRONG = 2;

/** Where a thread stands. */
export const THREAD_STARTING = 0;
export const THREAD_RUNNING = 1;
export const THREAD_PARKED = 2;
export const THREAD_ENDED = 3;
export type ThreadState = 0 | 1 | 2 | 3;

export type SoakControl = Int32Array;

export function createSoakControl(nrThreads: number): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_THREAD + nrThreads * THREAD_WORDS) * 4);
}

/** How the soak ends; 0 if it goes on. */
export function endOf(control: SoakControl): number {
  return Atomics.load(control, END);
}

/** The first reason counts. */
export function endSoak(control: SoakControl, reason: typeof END_TIME | typeof END_WRONG): void {
  Atomics.compareExchange(control, END, 0, reason);
  Atomics.notify(control, QUIET);
}

const stateAt = (thread: number) => FIRST_THREAD + thread * THREAD_WORDS;
const unkillableAt = (thread: number) => stateAt(thread) + 1;
const wantedAt = (thread: number) => stateAt(thread) + 2;

export function setThreadState(control: SoakControl, thread: number, state: ThreadState): void {
  Atomics.store(control, stateAt(thread), state);
}

export function beginQuiet(control: SoakControl): void {
  Atomics.store(control, QUIET, 1);
}

export function endQuiet(control: SoakControl): void {
  Atomics.store(control, QUIET, 0);
  Atomics.notify(control, QUIET);
}

export function isQuiet(control: SoakControl): boolean {
  return Atomics.load(control, QUIET) !== 0;
}

/** True if every thread has begun. */
export function haveBegun(control: SoakControl, nrThreads: number): boolean {
  for (let thread = 0; thread < nrThreads; thread++)
    if (Atomics.load(control, stateAt(thread)) === THREAD_STARTING) return false;
  return true;
}

/** True if every thread but `self` stands still. */
export function areParked(control: SoakControl, nrThreads: number, self: number): boolean {
  for (let thread = 0; thread < nrThreads; thread++)
    if (thread !== self && Atomics.load(control, stateAt(thread)) !== THREAD_PARKED) return false;
  return true;
}

/** Sleeps until it is over, or the soak is. */
export function standStill(control: SoakControl, thread: number): void {
  setThreadState(control, thread, THREAD_PARKED);
  while (isQuiet(control) && endOf(control) === 0) Atomics.wait(control, QUIET, 1, 100);
  setThreadState(control, thread, THREAD_RUNNING);
}

/**
 * Does what must not be broken off by the end of the thread, unless somebody is about to end it: takes a reference and
 * notes it. Who wants to end the thread says so and asks then, so that one of the two always sees the other (Dekker).
 */
export function unkillable(control: SoakControl, thread: number, work: () => void): void {
  Atomics.store(control, unkillableAt(thread), 1);
  try {
    if (Atomics.load(control, wantedAt(thread)) === 0) work();
  } finally {
    Atomics.store(control, unkillableAt(thread), 0);
  }
}

/** From here on the thread begins nothing that must not be broken off. */
export function wantKilled(control: SoakControl, thread: number, wanted: boolean): void {
  Atomics.store(control, wantedAt(thread), wanted ? 1 : 0);
}

export function canBeKilled(control: SoakControl, thread: number): boolean {
  return Atomics.load(control, unkillableAt(thread)) === 0;
}

/** True if the migrator may plan now, until it says that it has done. */
export function takeTurn(control: SoakControl, migrator: number): boolean {
  return Atomics.compareExchange(control, TURN, 0, migrator + 1) === 0;
}

export function giveTurn(control: SoakControl): void {
  Atomics.store(control, TURN, 0);
}

/** Sleeps for so many milliseconds. */
export function nap(control: SoakControl, ms: number): void {
  Atomics.wait(control, NEVER, 0, ms);
}
