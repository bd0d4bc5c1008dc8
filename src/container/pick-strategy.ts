import { expectArgument } from '../base/arguments.js';
import { suggestion } from '../base/nearest.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { labelsOf } from '../strategies/labels.js';
import type { Manner, Strategy } from '../strategies/strategy.js';

/** A strategy and how it is to work. */
export interface Picked<Request, Result> {
  readonly strategy: Strategy<Request, Result>;
  readonly manner: Manner;
}

/**
 * A strategy by what commands call it: "name", "name:mode", "name+switch", "name:mode+switch+switch". Without a label,
 * the first one.
 *
 * @throws VacateError kind 'usage' that names the nearest one that there is.
 */
export function pickStrategy<Request, Result>(
  frontEnd: string,
  strategies: ReadonlyArray<Strategy<Request, Result>>,
  label: string = strategies[0]?.name ?? '',
): Picked<Request, Result> {
  expectArgument(typeof label === 'string', 'the strategy', label, 'its name, such as "merged"');
  const [head = '', ...switches] = label.split('+');
  const [name = '', mode] = head.split(':');
  const strategy = strategies.find((candidate) => candidate.name === name);
  if (strategy === undefined)
    throw new VacateError(
      'usage',
      `${frontEnd} has no strategy ${quoted(name)}; ${suggestion(name, strategies.flatMap(labelsOf))}`,
    );
  if (mode !== undefined) expectKnown(name, 'mode', mode, strategy.modes);
  for (const asked of switches) expectKnown(name, 'switch', asked, strategy.switches);
  return {
    strategy,
    manner: { ...(mode === undefined ? {} : { mode }), ...(switches.length === 0 ? {} : { switches }) },
  };
}

function expectKnown(strategy: string, what: string, asked: string, known: readonly string[] = []): void {
  if (known.includes(asked)) return;
  const has = known.length === 0 ? `it has no ${what} at all` : suggestion(asked, known);
  throw new VacateError('usage', `strategy ${strategy} has no ${what} ${quoted(asked)}; ${has}`);
}
