import type { ServiceIdentifier } from 'inversify';
import type { HighOrderStrategy, OfflineStrategy, ReclaimStrategy } from './strategy.js';

/** Strategies of a front end, each bound once; the first is the default. */
export const HighOrderStrategies: ServiceIdentifier<HighOrderStrategy> = Symbol.for('vacate/HighOrderStrategies');
/** The same for memory blocks that are to go offline. */
export const OfflineStrategies: ServiceIdentifier<OfflineStrategy> = Symbol.for('vacate/OfflineStrategies');
/**
 * The same for reclaim.
 *
 * @example
 * const countsThem = new ContainerModule(({ onActivation }) => {
 *   onActivation(HighOrderStrategies, (_context, strategy) => strategy);
 *   onActivation(OfflineStrategies, (_context, strategy) => strategy);
 *   onActivation(ReclaimStrategies, (_context, strategy) => strategy);
 * });
 */
export const ReclaimStrategies: ServiceIdentifier<ReclaimStrategy> = Symbol.for('vacate/ReclaimStrategies');
/** What joins free memory for the reclaim front end, before memory is taken away from anybody. */
export const Coalescer: ServiceIdentifier<HighOrderStrategy> = Symbol.for('vacate/Coalescer');
/**
 * The merged planner: the default of the high-order front end, and what the reclaim front end has blocks made by.
 *
 * @example
 * const watched = new ContainerModule(({ onActivation }) => {
 *   onActivation(Planner, (_context, planner: HighOrderStrategy) => {
 *     console.log(`${planner.name} plans`);
 *     return planner;
 *   });
 * });
 */
export const Planner: ServiceIdentifier<HighOrderStrategy> = Symbol.for('vacate/Planner');
