import { mix32 } from '../base/prng.js';
import type { Machine } from '../sim/machine.js';
import { compareReadings, type Readings, takeReadings } from '../sim/readings.js';

/** State is compared in pieces of this size: what nobody has ever touched need not be kept. */
const PIECE_BYTES = 65_536;

/**
 * A machine with a copy of its state, which is all in one buffer: it can be as it was at any time. So a machine is built
 * once, however many strategies run on it.
 */
export class KeptMachine {
  readonly #words: Uint32Array;
  /** Null for a piece that holds nothing but zeros. */
  readonly #pieces: (Uint32Array | null)[] = [];
  readonly #readings: Readings;

  constructor(readonly machine: Machine) {
    this.#words = new Uint32Array(machine.buffer, 0, machine.buffer.byteLength >>> 2);
    const length = PIECE_BYTES / 4;
    for (let at = 0; at < this.#words.length; at += length) {
      const piece = this.#words.subarray(at, at + length);
      this.#pieces.push(isZero(piece) ? null : piece.slice());
    }
    this.#readings = takeReadings(machine);
  }

  /** Everything as it was when it was kept. */
  restore(): void {
    const length = PIECE_BYTES / 4;
    for (const [number, kept] of this.#pieces.entries()) {
      const piece = this.#words.subarray(number * length, (number + 1) * length);
      if (kept !== null) piece.set(kept);
      else if (!isZero(piece)) piece.fill(0);
    }
  }

  /** Pages that read something else than they did, but those that other tasks have written themselves. */
  pagesWrong(isExcepted: (mm: number, vpn: number) => boolean): number {
    return compareReadings(this.machine, this.#readings, isExcepted).wrong;
  }

  /** A word about every byte of the state, in hexadecimal. */
  hash(): string {
    return hashOf(this.#words);
  }
}

function isZero(words: Uint32Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** Two lanes of FNV-1a over words, so that 64 bits speak for the whole. */
export function hashOf(words: Uint32Array): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    a = Math.imul(a ^ words[i]!, 0x01000193);
    b = Math.imul(b ^ (words[i]! + i), 0x85ebca77);
    b ^= b >>> 15;
  }
  return [mix32(a), mix32(b)].map((half) => half.toString(16).padStart(8, '0')).join('');
}
