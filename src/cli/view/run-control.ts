import { setTimeout } from 'node:timers/promises';

/** Words of the memory that a run and the server share. */
const TAKEN = 0;
const GO = 1;
const WORDS = 2;

/** The server may be so far behind a run, in bytes of chunks, before the run waits for it. */
const BEHIND_BYTES_MAX = 32 * 2 ** 20;
const LOOK_AGAIN_MS = 2;

export function newRunControl(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** The server has taken so many bytes more. */
export function noteTaken(control: Int32Array, nrBytes: number): void {
  Atomics.add(control, TAKEN, nrBytes);
}

/** A run that was held may begin. */
export function letGo(control: Int32Array): void {
  Atomics.store(control, GO, 1);
}

/** Resolves when it may, or when nobody wants it any more. */
export async function untilLetGo(control: Int32Array, signal: AbortSignal): Promise<void> {
  while (Atomics.load(control, GO) === 0 && !signal.aborted) await setTimeout(LOOK_AGAIN_MS);
}

/** What a run has told, against what the server has taken: memory between them is bounded, however slow the machine is. */
export class Telling {
  /** Modulo 2^32, as the shared word is. */
  #told = 0;

  constructor(private readonly control: Int32Array) {}

  note(nrBytes: number): void {
    this.#told = (this.#told + nrBytes) | 0;
  }

  /** Resolves when the server is not far behind. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#behind() > BEHIND_BYTES_MAX && !signal.aborted) await setTimeout(LOOK_AGAIN_MS);
  }

  #behind(): number {
    return (this.#told - Atomics.load(this.control, TAKEN)) | 0;
  }
}
