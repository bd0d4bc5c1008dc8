import type { Contestant, Round } from './benchmark.js';

/** Work of this process. Only `work` is timed. */
export interface Work {
  readonly name: string;
  readonly nrUnits: number;
  readonly result: string;
  /** Puts the input back as it was. */
  reset?(): void;
  work(): void | Promise<void>;
  /** Of what the last `work` has made. */
  hash(): number;
  /** Lets go of it, so that nobody else's round has to collect it, or to look through it. */
  release?(): void;
}

/** Short work is done so often in a round that the clock can tell it. */
const ROUND_UNITS_MIN = 2 ** 24;

/** A contestant of work that can be done again and again within a round. */
export function repeated(work: Work): Contestant {
  return timed(work, repeatsFor(work.nrUnits));
}

/** How often a round repeats work of so many units; C programs are told the same number. */
export function repeatsFor(nrUnits: number): number {
  return Math.max(1, Math.floor(ROUND_UNITS_MIN / nrUnits));
}

/** A contestant that works in this process. Its times are per `work`, however often a round repeats it. */
export function timed({ name, nrUnits, result, reset, work, hash, release }: Work, repeats = 1): Contestant {
  return {
    name,
    nrUnits,
    result,
    async round(): Promise<Round> {
      reset?.();
      // What others have left behind is not collected at this one's expense (with --expose-gc).
      globalThis.gc?.();
      const cpu = process.cpuUsage();
      const wall = process.hrtime.bigint();
      for (let i = 0; i < repeats; i++) {
        const done = work();
        if (done !== undefined) await done;
      }
      const { user, system } = process.cpuUsage(cpu);
      const wallNs = Number(process.hrtime.bigint() - wall);
      const round = { cpuNs: ((user + system) * 1000) / repeats, wallNs: wallNs / repeats, hash: hex(hash()) };
      release?.();
      return round;
    },
  };
}

export function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** FNV-1a over words; `hash_words` of c/bench.h gives the same. */
export function hashWords(words: ArrayLike<number>, from = 0x811c9dc5): number {
  let hash = from;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
  return hash >>> 0;
}
