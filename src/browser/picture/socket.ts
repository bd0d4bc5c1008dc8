import { CHUNK_END, type Chunk } from '../../recording/chunk.js';
import { unpackChunk } from '../../recording/chunk-reader.js';
import type { ConnectionState } from './messages.js';

export interface PictureListener {
  /** A connection begins, and everything with it: whatever is known came from the one before. */
  onBegin(): void;
  onChunk(chunk: Chunk): void;
  onState(state: ConnectionState, sentence: string | null): void;
}

/** How the server says that there is nothing to come back for. */
const CLOSED_FOR_GOOD = 4000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Chunks from a socket, one by one and in order. A connection that is lost is made again by itself, after
 * longer and longer pauses; a run that has come to its end needs none.
 */
export class PictureSocket {
  readonly #address: string;
  readonly #listener: PictureListener;
  #pauseMs = FIRST_PAUSE_MS;
  #hasEnded = false;
  #failure: string | null = null;

  constructor(address: string, listener: PictureListener) {
    this.#address = address;
    this.#listener = listener;
    this.#connect();
  }

  #connect(): void {
    this.#listener.onState('connecting', null);
    const socket = new WebSocket(this.#address);
    socket.binaryType = 'arraybuffer';
    let isFirst = true;
    socket.onopen = () => this.#listener.onState('open', null);
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        this.#failure = sentenceIn(data);
        return;
      }
      this.#pauseMs = FIRST_PAUSE_MS;
      const begins = isFirst;
      isFirst = false;
      this.#take(new Uint8Array(data), begins, socket);
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #take(message: Uint8Array, begins: boolean, socket: WebSocket): void {
    if (this.#failure !== null) return;
    try {
      const chunk = unpackChunk(message);
      if (begins) this.#listener.onBegin();
      this.#listener.onChunk(chunk);
      if (chunk.kind === CHUNK_END) this.#hasEnded = true;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : 'what the server sends cannot be read';
      socket.close();
    }
  }

  #closed(code: number): void {
    if (this.#failure !== null || code === CLOSED_FOR_GOOD) {
      this.#listener.onState('failed', this.#failure ?? 'the server has nothing more to show');
      return;
    }
    if (this.#hasEnded) {
      this.#listener.onState('closed', null);
      return;
    }
    this.#listener.onState('lost', null);
    setTimeout(() => this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

function sentenceIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Not ours, then.
  }
  return 'the server said something that this page does not understand';
}
