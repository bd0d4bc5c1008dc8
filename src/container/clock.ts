/** What drivers of jobs measure time limits and slices by. */
export interface Clock {
  /** Milliseconds since some moment; it never goes back. */
  nowMs(): number;
}

/** Its token, for a module that replaces the clock. */
export const Clock = Symbol.for('vacate/Clock');

/** The one that vacate has. */
export const SYSTEM_CLOCK: Clock = { nowMs: () => performance.now() };
