import type { Manner, Strategy } from './strategy.js';

/** Every version of a strategy, as commands call them: its bare name stands for the first mode. */
export function labelsOf({ name, modes = [] }: Pick<Strategy<never, unknown>, 'name' | 'modes'>): string[] {
  return [name, ...modes.slice(1).map((mode) => `${name}:${mode}`)];
}

/**
 * What results call a strategy in a manner: "tosatti:historical+no-alignment".
 *
 * @example
 * labelOf({ name: 'tosatti', modes: ['intended', 'historical'] }, { mode: 'historical' }); // "tosatti:historical"
 */
export function labelOf(
  { name, modes = [] }: Pick<Strategy<never, unknown>, 'name' | 'modes'>,
  manner: Manner,
): string {
  const { mode = modes[0], switches = [] } = manner;
  return [mode === modes[0] ? name : `${name}:${mode}`, ...switches].join('+');
}
