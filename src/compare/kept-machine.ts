import { mix32 } from '../base/prng.js';
import { type Machine, stateOf } from '../sim/machine.js';
import { compareReadings, type Readings, takeReadings } from '../sim/readings.js';

/** State is compared in pieces of this size: what nobody has ever touched need not be kept. */
const PIECE_BYTES = 65_536;

/** Words of a machine's state, and a copy of them; null if they were all zero. */
interface Piece {
  readonly words: Uint32Array;
  readonly kept: Uint32Array | null;
}

/**
 * A machine with a copy of its state, which is all in columns: it can be as it was at any time. So a machine is built
 * once, however many strategies run on it.
 */
export class KeptMachine {
  readonly #state: readonly Uint32Array[];
  readonly #pieces: Piece[] = [];
  readonly #readings: Readings;

  constructor(readonly machine: Machine) {
    this.#state = stateOf(machine);
    const length = PIECE_BYTES / 4;
    for (const run of this.#state)
      for (let at = 0; at < run.length; at += length) {
        const words = run.subarray(at, at + length);
        this.#pieces.push({ words, kept: isZero(words) ? null : words.slice() });
      }
    this.#readings = takeReadings(machine);
  }

  /** Everything as it was when it was kept. */
  restore(): void {
    for (const { words, kept } of this.#pieces) {
      if (kept !== null) words.set(kept);
      else if (!isZero(words)) words.fill(0);
    }
  }

  /** Pages that read something else than they did, but those that other tasks have written themselves. */
  pagesWrong(isExcepted: (mm: number, vpn: number) => boolean): number {
    return compareReadings(this.machine, this.#readings, isExcepted).wrong;
  }

  /** A word about every byte of the state, in hexadecimal. */
  hash(): string {
    return hashOf(...this.#state);
  }
}

function isZero(words: Uint32Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** Two lanes of FNV-1a over words, so that 64 bits speak for the whole; runs count as if they were one. */
export function hashOf(...runs: readonly Uint32Array[]): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  let start = 0;
  for (const words of runs) {
    for (let i = 0; i < words.length; i++) {
      a = Math.imul(a ^ words[i]!, 0x01000193);
      b = Math.imul(b ^ (words[i]! + start + i), 0x85ebca77);
      b ^= b >>> 15;
    }
    start += words.length;
  }
  return [mix32(a), mix32(b)].map((half) => half.toString(16).padStart(8, '0')).join('');
}
