/**
 * Keeps the time for handlers from outside. Whoever has a clock and can break off a loop gives the service one; the
 * service itself knows no time.
 */
export interface TimeLimit {
  /** Milliseconds that one piece of work may take: a phase over a batch, or the look at a range. */
  readonly limitMs: number;
  /**
   * Does the work. If it takes much longer than the limit it is broken off in the middle of whatever it does, without
   * its `catch` and `finally`.
   *
   * @throws OutOfTime if it was broken off.
   */
  run<T>(work: () => T): T;
  /** True if the work under way has had its time. It is a little while yet until it is broken off. */
  isOver(): boolean;
}

/** Work was broken off. It says nothing of whose fault that was. */
export class OutOfTime extends Error {}
