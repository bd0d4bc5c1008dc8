import { setTimeout } from 'node:timers/promises';
import { LinuxTree } from '../linux-tree.js';
import type { Clock } from './block-states.js';
import { identityOf } from './process-identity.js';

/** Clock ticks of a second in /proc, USER_HZ. */
const TICKS_PER_SECOND = 100;

/**
 * How long this process had run when Node's own clock began: loading Node itself takes a while on a slow host. The kernel
 * counts in hundredths of a second.
 */
const HEAD_START_MS = headStart();

function headStart(): number {
  const self = identityOf(process.pid);
  const uptime = Number(new LinuxTree().text('/proc/uptime')?.split(' ')[0]);
  if (self === null || !Number.isFinite(uptime)) return 0;
  const runningMs = (uptime - self.startTicks / TICKS_PER_SECOND) * 1000;
  return Math.max(0, runningMs - performance.now());
}

/** Time as it passes, since this process was started: whoever waits for us counts from there, too. */
export const WALL_CLOCK: Clock = {
  now: () => HEAD_START_MS + performance.now(),
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
