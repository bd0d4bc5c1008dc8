/**
 * What drivers of jobs measure time limits and slices by.
 *
 * @example
 * let looks = 0;
 * const ticking: Clock = { nowMs: () => looks++ };
 * const mine = new ContainerModule(({ rebind }) => {
 *   rebind(Clock).toConstantValue(ticking);
 * });
 * const timed = createEvacuator({ host: simModule(machine), plugins, modules: [mine] });
 * const { outcome } = await timed.run(timed.offline({ blocks: [8] }));
 * looks > 0; // true
 */
export interface Clock {
  /** Milliseconds since some moment; it never goes back. */
  nowMs(): number;
}

/** Its token, for a module that replaces the clock. */
export const Clock = Symbol.for('vacate/Clock');

/** The one that vacate has. */
export const SYSTEM_CLOCK: Clock = { nowMs: () => performance.now() };
