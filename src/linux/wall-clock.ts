import { setTimeout } from 'node:timers/promises';
import type { Clock } from './block-states.js';

/** Time as it passes, since this process was started: whoever waits for us counts from there, too. */
export const WALL_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms) => setTimeout(ms),
  async within(ms, promise) {
    const over = new AbortController();
    const ended = promise.then(
      () => true,
      () => true,
    );
    // A timer that nobody waits for would keep the process alive.
    const patience = setTimeout(ms, false, { signal: over.signal }).catch(() => false);
    try {
      return await Promise.race([ended, patience]);
    } finally {
      over.abort();
    }
  },
};
