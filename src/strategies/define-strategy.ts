import { isCallback, isObject, isTexts, shown } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import type { RangeEvents } from '../events/range-events.js';
import type { MigrationService } from '../migration/migration-service.js';
import type { HighOrderStrategy, OfflineStrategy, ReclaimStrategy, Strategy } from './strategy.js';

/** What a strategy works with: the one mover of pages, with its host, and where to announce what it does. */
export interface StrategyTools {
  readonly service: MigrationService;
  readonly events: RangeEvents;
}

/** A strategy from outside the package: which front end it serves, and how to make it for one machine. */
export type StrategyDefinition =
  | {
      readonly frontEnd: 'high-order';
      /** Makes it, for one machine. */
      create(tools: StrategyTools): HighOrderStrategy;
    }
  | {
      readonly frontEnd: 'offline';
      /** Makes it, for one machine. */
      create(tools: StrategyTools): OfflineStrategy;
    }
  | {
      readonly frontEnd: 'reclaim';
      /** Makes it, for one machine. */
      create(tools: StrategyTools): ReclaimStrategy;
    };

const FRONT_ENDS = ['high-order', 'offline', 'reclaim'];
/** As commands name it; ":" and "+" stand before modes and switches there. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Checks a strategy; the result is its module's default export.
 *
 * @throws VacateError kind 'plugin' if it is malformed.
 *
 * @example
 * class LowestFirst implements HighOrderStrategy {
 *   readonly name = 'lowest-first';
 *   readonly about = 'empties ranges from the lowest address up';
 *   constructor(private readonly tools: StrategyTools) {}
 *
 *   *run(request: HighOrderRequest): Job<HighOrderResult> {
 *     const { service, events } = this.tools;
 *     const account = new OrderAccount(service, request);
 *     const ranges: PfnRange[] = [];
 *     const reports: MigrationReport[] = [];
 *     for (const start of account.costs.length > 0 ? [0] : []) {
 *       const range = rangeOf(start, 2 ** request.order);
 *       reports.push(yield* evacuate(service, [range], request.order));
 *       if (isVacant(service.host.columns.flags, range)) ranges.push(range);
 *     }
 *     for (const range of ranges) events.emit({ kind: 'block-made', range });
 *     return account.result({ strategy: this.name, reports, ranges });
 *   }
 * }
 *
 * const lowestFirst: StrategyDefinition = defineStrategy({
 *   frontEnd: 'high-order',
 *   create: (tools) => new LowestFirst(tools),
 * });
 */
export function defineStrategy(definition: StrategyDefinition): StrategyDefinition {
  const problem = problemWithStrategy(definition);
  if (problem !== null) throw new VacateError('plugin', problem);
  return Object.freeze(definition);
}

/** A sentence about the first thing wrong with a would-be definition, or null. */
export function problemWithStrategy(candidate: unknown): string | null {
  if (typeof candidate !== 'object' || candidate === null)
    return 'a strategy module must export defineStrategy({...}) as its default export';
  const { frontEnd, create } = candidate as Record<string, unknown>;
  if (typeof frontEnd !== 'string' || !FRONT_ENDS.includes(frontEnd))
    return `a strategy has frontEnd ${shown(frontEnd)}; use one of ${FRONT_ENDS.join(', ')}`;
  if (typeof create !== 'function') return `the ${frontEnd} strategy has no create(tools)`;
  return null;
}

/**
 * Strategies of one front end as they are in use: names as commands can write them, each once.
 *
 * @throws VacateError kind 'plugin'.
 */
export function checkStrategies<S extends Strategy<never, unknown>>(frontEnd: string, strategies: readonly S[]): S[] {
  const seen = new Set<string>();
  for (const strategy of strategies) {
    if (!isObject(strategy))
      throw new VacateError('plugin', `a ${frontEnd} strategy is ${shown(strategy)}; create(tools) must give one`);
    const { name, about, run, modes, switches, doesNotApply } = strategy;
    const fail = (because: string): never => {
      throw new VacateError('plugin', `${frontEnd} strategy ${shown(name)} ${because}`);
    };
    if (typeof name !== 'string' || !NAME.test(name)) fail('has no kebab-case name; use something like "lowest-first"');
    if (typeof about !== 'string' || about === '') fail('does not say what it does; give it a line, `about`');
    if (typeof run !== 'function') fail('has no run(request)');
    if (!isTexts(modes) || !isTexts(switches)) fail('has modes or switches that are no lists of names');
    if (!isCallback(doesNotApply)) fail('has a doesNotApply that is no function');
    if (seen.has(name)) fail('is there twice; give one of them another name');
    seen.add(name);
  }
  return [...strategies];
}
