import type { Outbox } from './outbox.js';

/** Chunks for whoever watches. */
export interface Feed {
  /** Sends to a socket from now on, until it is closed. */
  attach(outbox: Outbox): void;
}
