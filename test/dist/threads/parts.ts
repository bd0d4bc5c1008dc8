import type { SharedMachine } from '../../../src/smp/index.js';
import type { Stage } from './stage.js';
import type { Protocol } from './unsafe-hosts.js';

/** What a thread of a test is told: whom it plays, and with what. */
interface Part<Role extends string> {
  readonly role: Role;
  readonly shared: SharedMachine;
  readonly stage: Stage;
  readonly cpu: number;
}

/** A CPU that is held up in the worst place: it translates, waits for its cue, and only then stores. */
export interface StoreLate extends Part<'storeLate'> {
  readonly mm: number;
  readonly vpn: number;
  readonly word: number;
  readonly value: number;
}

/** Loads one word when it gets its cue. */
export interface LoadOnCue extends Part<'loadOnCue'> {
  readonly mm: number;
  readonly vpn: number;
  readonly word: number;
}

/** Takes a block off line with one protocol or another. */
export interface Offline extends Part<'offline'> {
  readonly block: number;
  readonly protocol: Protocol;
  /** At its first pause after pages have been unmapped it says so, and goes on when it gets its cue. */
  readonly stopsUnmapped?: boolean;
}

/** Writes and reads random words of memory that is its own, until it is told to stop. */
export interface Access extends Part<'access'> {
  readonly mm: number;
  readonly firstVpn: number;
  readonly nrPages: number;
  /** Words of a page that it leaves alone: free lists link through the first, which a stale store would break. */
  readonly firstWord: number;
  readonly nrWords: number;
}

/** What a thread has done, and what its time was: all of it, and that in which a core was its own. */
export interface Timed {
  readonly ms: number;
  readonly cpuMs: number;
}

export interface Accessed extends Timed {
  readonly accesses: number;
  /** Loads that did not find what the thread had stored last. */
  readonly wrong: number;
}

/** Takes blocks off line and brings them back, in turn, until it is told to stop. */
export interface Roam extends Part<'roam'> {
  readonly protocol: Protocol;
  readonly blocks: readonly number[];
  /** Share of the time that it works. */
  readonly duty: number;
  /** Pages that it moves before it is ready, and its time is taken: by then everything is compiled. */
  readonly warmUpPages: number;
}

export interface Roamed extends Timed {
  readonly migrated: number;
  readonly done: number;
  readonly refused: number;
}

/** A process with all that processes do, two threads of one process among it; see mingle.ts. */
export interface Mingle extends Part<'mingle'> {
  readonly seed: number;
  /** Process of all who mingle, and its memory: each has a word of each page, and reads those of the others. */
  readonly mm: number;
  readonly firstVpn: number;
  readonly nrPages: number;
  /** The word that is this thread's, and how many threads there are. */
  readonly place: number;
  readonly nrPlaces: number;
  /** Kept apart from the machine: what each thread has stored last, by page and place. */
  readonly stored: Uint32Array;
  readonly file: number;
  readonly filePages: number;
}

export interface Mingled {
  readonly wrong: readonly string[];
  readonly done: Readonly<Record<string, number>>;
}

export type AnyPart = StoreLate | LoadOnCue | Offline | Access | Roam | Mingle;
