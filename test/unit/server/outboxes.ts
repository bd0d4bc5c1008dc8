import { unpackChunk } from '../../../src/recording/chunk-reader.js';
import type { Outbox } from '../../../src/server/outbox.js';

/** An outbox whose reader reads when the test says so. */
export class FakeOutbox {
  readonly sent: Uint8Array[] = [];
  isOpen = true;
  hasRoom = true;
  failed: string | null = null;
  isEnded = false;
  #waiting: (() => void)[] = [];

  send(message: Uint8Array): void {
    if (this.isOpen) this.sent.push(message.slice());
  }

  async room(): Promise<boolean> {
    while (this.isOpen && !this.hasRoom) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.isOpen;
  }

  fail(because: string): void {
    this.failed = because;
    this.isOpen = false;
  }

  end(): void {
    this.isEnded = true;
    this.isOpen = false;
  }

  /** The reader reads, or is gone. */
  read(): void {
    this.hasRoom = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  leave(): void {
    this.isOpen = false;
    this.read();
  }

  kinds(): number[] {
    return this.sent.map((message) => unpackChunk(message).kind);
  }

  asOutbox(): Outbox {
    return this as unknown as Outbox;
  }
}

/** Lets promises that can go on do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
