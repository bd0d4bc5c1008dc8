import type { PageType } from '../../handler/define-page-type.js';
import type { Machine } from '../../sim/machine.js';
import type { StrategyDefinition } from '../../strategies/define-strategy.js';
import type { Manner } from '../../strategies/strategy.js';
import { checkSkips, naming, type Skip, turnedRound } from '../conformance.js';
import { SHIPPED_PAGE_TYPES } from '../shipped.js';
import { endingRules } from './ending-rules.js';
import { machineFor, requestFor } from './machines.js';
import { refusingRules } from './refusing-rules.js';
import { resultRules } from './result-rules.js';
import { type AnyRequest, type StrategyCase, Trial } from './trial.js';

/**
 * What every strategy must do, as cases for whatever runs tests. It runs on a small simulated machine, as it would on a
 * large one: through the migration service, from pause to pause. A case that a strategy cannot be asked is turned round:
 * its name says why, and it passes if the case fails.
 *
 * @example
 * const options: StrategyOptions = { request: { order: 4, count: 2 } };
 * const casesOf = (mine: StrategyDefinition): readonly StrategyCase[] => strategyConformance(mine, options);
 * const rules = Object.keys(STRATEGY_RULES) as StrategyRule[];
 * rules.includes('has-work'); // true
 */
export function strategyConformance(definition: StrategyDefinition, options: StrategyOptions = {}): StrategyCase[] {
  const { machine, request, manner = {}, pageTypes = SHIPPED_PAGE_TYPES, skip = [] } = options;
  let built: Trial | null = null;
  const trial = (): Trial => {
    built ??= new Trial(machine?.() ?? machineFor(definition.frontEnd), definition, pageTypes, manner);
    return built;
  };
  const asked = (): AnyRequest => {
    const { machine: m } = trial().open();
    return (typeof request === 'function' ? request(m) : request) ?? requestFor(definition.frontEnd, m);
  };
  const all = [
    ...resultRules(definition.frontEnd, trial, asked),
    ...endingRules(trial, asked),
    ...refusingRules(definition.frontEnd, trial, asked),
  ];
  checkSkips(all, skip);
  return all.map((known) => {
    const skipped = skip.find(({ name }) => name === known.name);
    const whole = skipped === undefined ? known : turnedRound(known, skipped.because);
    return naming(() => `strategy "${trial().open().strategy.name}"`, whole);
  });
}

/** What a strategy is tried on; everything has a default. */
export interface StrategyOptions {
  /** A machine at rest; it is built once, and put back for every run. Absent: 20 MiB with some of everything. */
  readonly machine?: () => Machine;
  /** What it is asked for, as its front end has it. Absent: something that it can do on the machine of the kit. */
  readonly request?: AnyRequest | ((m: Machine) => AnyRequest);
  /** One of its modes, and switches. */
  readonly manner?: Manner;
  /** Page types that there are; the shipped ones if absent. */
  readonly pageTypes?: readonly PageType[];
  /** Cases that do not apply. Each must fail if it is run all the same. */
  readonly skip?: readonly Skip[];
}
