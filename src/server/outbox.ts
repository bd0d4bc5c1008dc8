import type { WebSocket } from 'ws';

/** So much may lie unsent before nothing is added that can be left out. */
export const UNSENT_BYTES_MAX = 4 * 2 ** 20;
/** There is room again when no more than this lies unsent. */
const ROOM_BYTES = 2 ** 18;
/** Whoever has left so much unread is not going to read it. */
const HOPELESS_BYTES = 4 * UNSENT_BYTES_MAX;

/** A message that takes longer to leave goes far: on this machine, deflating costs more than it saves. */
const FAR_MS = 250;

/** The message is an error, and connecting again will not help. */
const CLOSE_FAILED = 4000;
const CLOSE_DONE = 1000;
/** Try again later (RFC 6455's registry). */
const CLOSE_OVERLOADED = 1013;

/** What a feed sends to: a socket, of which one can ask whether its reader keeps up. */
export class Outbox {
  readonly #waiting: (() => void)[] = [];
  /** Its reader is behind a slow line, and gets messages deflated. */
  #isFar = false;

  /** @param clock milliseconds; only differences count. */
  constructor(
    private readonly socket: Pick<
      WebSocket,
      'readyState' | 'OPEN' | 'bufferedAmount' | 'on' | 'send' | 'close' | 'terminate'
    >,
    private readonly clock: () => number = () => performance.now(),
  ) {
    socket.on('close', () => this.#wake());
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** False if its reader is slow: what can be left out should be. */
  get hasRoom(): boolean {
    return this.socket.bufferedAmount < UNSENT_BYTES_MAX;
  }

  /** One chunk. What is sent must not change any more. */
  send(message: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.socket.bufferedAmount > HOPELESS_BYTES) {
      this.#hangUp();
      return;
    }
    const begun = this.clock();
    this.socket.send(message, { compress: this.#isFar }, () => {
      if (this.clock() - begun > FAR_MS) this.#isFar = true;
      if (this.#isRoomy()) this.#wake();
    });
  }

  /** Resolves when most of what was sent has left, or the socket is gone; false in the latter case. */
  async room(): Promise<boolean> {
    while (this.isOpen && !this.#isRoomy()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.isOpen;
  }

  /** Says why there is nothing to be seen, and that it is no use to ask again. */
  fail(because: string): void {
    if (!this.isOpen) return;
    this.socket.send(JSON.stringify({ error: because }));
    this.socket.close(CLOSE_FAILED);
  }

  /** All has been sent. */
  end(): void {
    this.socket.close(CLOSE_DONE);
  }

  #isRoomy(): boolean {
    return this.socket.bufferedAmount <= ROOM_BYTES;
  }

  /** A closing handshake would wait behind all that is not read. */
  #hangUp(): void {
    this.socket.close(CLOSE_OVERLOADED);
    this.socket.terminate();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
