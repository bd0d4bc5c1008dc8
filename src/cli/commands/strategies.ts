import { suggestion } from '../../base/nearest.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { createEvacuator, type StrategyEntry } from '../../container/create-evacuator.js';
import { loadStrategies } from '../../container/load-plugins.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import type { Palette } from '../palette.js';
import { noMachine } from '../strategy-names.js';
import { wrap } from '../wording.js';

export interface StrategiesOptions {
  readonly strategyModule: readonly string[];
  readonly json?: boolean;
}

const FRONT_ENDS = {
  'high-order': 'Making free blocks of a high order (vacate high-order)',
  offline: 'Taking memory blocks offline (vacate offline)',
  reclaim: 'Freeing memory in the background (vacate compare)',
} as const;

/** `vacate strategies`: what can do a job, in which modes, and what can be switched; of one by name, what each means. */
export async function strategies(
  context: Context,
  name: string | undefined,
  options: StrategiesOptions,
): Promise<number> {
  const own = await loadStrategies(options.strategyModule);
  const evacuator = createEvacuator({ host: noMachine(), plugins: [], strategies: own });
  const catalogue = name === undefined ? evacuator.catalogue : called(name, evacuator.catalogue);
  evacuator.dispose();
  const { palette } = context;
  if (options.json === true) printJson(context, { command: 'strategies', strategies: catalogue });
  else if (name === undefined) context.print(catalogueText(catalogue, palette).join('\n'));
  else
    context.print(
      catalogue
        .flatMap((entry) => detailLines(entry, palette))
        .slice(0, -1)
        .join('\n'),
    );
  return EXIT_DONE;
}

/** Strategies of several front ends may share a name. */
function called(name: string, catalogue: readonly StrategyEntry[]): readonly StrategyEntry[] {
  const found = catalogue.filter((entry) => entry.name === name);
  if (found.length > 0) return found;
  const names = [...new Set(catalogue.map((entry) => entry.name))];
  throw new VacateError('usage', `there is no strategy ${quoted(name)}; ${suggestion(name, names)}`);
}

function catalogueText(catalogue: readonly StrategyEntry[], palette: Palette): string[] {
  const lines: string[] = [];
  for (const [frontEnd, title] of Object.entries(FRONT_ENDS)) {
    const entries = catalogue.filter((entry) => entry.frontEnd === frontEnd);
    lines.push(title, '');
    for (const [at, entry] of entries.entries()) lines.push(...entryLines(entry, at === 0, palette));
    lines.push('');
  }
  lines.push(
    palette.dim('Written name:mode or name+switch: tosatti:historical, tosatti+no-alignment.'),
    palette.dim('What the modes and switches of one stand for: vacate strategies tosatti'),
  );
  return lines;
}

function entryLines({ name, about, modes, switches }: StrategyEntry, byDefault: boolean, palette: Palette): string[] {
  const lines = [`  ${palette.bold(name)}${byDefault ? palette.dim('  (default)') : ''}`];
  const add = (text: string) => lines.push(`    ${wrap(text, 74, '    ')}`);
  if (about !== '') add(about);
  if (modes.length > 0) add(`modes: ${modes.join(', ')}`);
  if (switches.length > 0) add(`switches: ${switches.join(', ')}`);
  return lines;
}

/** One strategy, with a line about each of its modes and switches. */
function detailLines({ frontEnd, name, about, modes, switches, notes }: StrategyEntry, palette: Palette): string[] {
  const noted = (as: string, sign: string, at: number) => [
    `  ${palette.bold(`${sign}${as}`)}${at === 0 && sign === ':' ? palette.dim('  (default)') : ''}`,
    ...(notes[as] === undefined ? [] : [`    ${wrap(notes[as], 74, '    ')}`]),
  ];
  return [
    `${palette.bold(name)}  ${palette.dim(FRONT_ENDS[frontEnd])}`,
    wrap(about, 78),
    ...(modes.length > 0 ? ['', 'Modes', ...modes.flatMap((mode, at) => noted(mode, ':', at))] : []),
    ...(switches.length > 0 ? ['', 'Switches', ...switches.flatMap((each, at) => noted(each, '+', at))] : []),
    '',
  ];
}
