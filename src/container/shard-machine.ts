import { isObject } from '../base/arguments.js';
// A thread builds what somebody else has parsed: the parser and its schema stay out.
import { buildMachine } from '../scenario/machine-from-scenario.js';
import type { Scenario } from '../scenario/schema.js';
import { checkMachine } from '../sim/check-spec.js';
import type { Machine } from '../sim/machine.js';
import { importDefault } from './import-module.js';
import { othersTurn } from './run-job.js';

/** What a node's machine is built from; it must be possible to send it to a thread. */
export type ShardSource =
  | { readonly kind: 'scenario'; readonly scenario: Scenario; readonly seed: number }
  /** A module, by its path or URL, whose default export makes a machine of `options`. */
  | { readonly kind: 'module'; readonly module: string; readonly options: unknown };

/**
 * How a module's default export makes a machine; it may say now and then how far it is, from 0 to 1.
 *
 * @example
 * // The default export of a module that a node's machine comes from.
 * const small: MachineMaker = () => machineFromScenario(scenario, { seed: 2 });
 */
export type MachineMaker = (options: unknown) => Machine | Generator<number, Machine>;

/**
 * Builds the machine, and lets others in now and then; null if the signal was aborted first.
 *
 * @throws VacateError as building a machine does; kind 'plugin' for a module that makes none.
 */
export async function buildShardMachine(
  source: ShardSource,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<Machine | null> {
  const steps = await beginning(source);
  if (!isGenerator(steps)) return checked(steps);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return checked(step.value);
    onProgress(step.value);
    await othersTurn();
    if (signal.aborted) return null;
  }
}

async function beginning(source: ShardSource): Promise<Machine | Generator<number, Machine>> {
  if (source.kind === 'scenario') return buildMachine(source.scenario, { seed: source.seed });
  const make = await importDefault<MachineMaker>('machine', source.module, (candidate) =>
    typeof candidate === 'function' ? null : 'its default export is no function that makes a machine',
  );
  return make(source.options);
}

function isGenerator(made: unknown): made is Generator<number, Machine> {
  return isObject(made) && typeof made.next === 'function';
}

function checked(machine: Machine): Machine {
  checkMachine(machine);
  return machine;
}
