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

/** `vacate strategies`: what can do a job, in which modes, and what can be switched. */
export async function strategies(context: Context, options: StrategiesOptions): Promise<number> {
  const own = await loadStrategies(options.strategyModule);
  const evacuator = createEvacuator({ host: noMachine(), plugins: [], strategies: own });
  const { catalogue } = evacuator;
  evacuator.dispose();
  if (options.json === true) printJson(context, { command: 'strategies', strategies: catalogue });
  else context.print(catalogueText(catalogue, context.palette).join('\n'));
  return EXIT_DONE;
}

function catalogueText(catalogue: readonly StrategyEntry[], palette: Palette): string[] {
  const lines: string[] = [];
  for (const [frontEnd, title] of Object.entries(FRONT_ENDS)) {
    const entries = catalogue.filter((entry) => entry.frontEnd === frontEnd);
    lines.push(title, '');
    for (const [at, entry] of entries.entries()) lines.push(...entryLines(entry, at === 0, palette));
    lines.push('');
  }
  lines.push(palette.dim('Written name:mode or name+switch: tosatti:historical, tosatti+no-alignment.'));
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
