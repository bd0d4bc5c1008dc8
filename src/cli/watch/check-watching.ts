import { VacateError } from '../../base/vacate-error.js';
import type { Context } from '../context.js';
import type { Watching } from './job-view.js';

interface Asked extends Watching {
  readonly json?: boolean;
  readonly threads?: number;
}

/** Data for programs goes where the picture would stand. */
export function watchingOf({ watch, map, json }: Asked): Watching {
  const shown = json === true ? false : watch;
  return { ...(shown === undefined ? {} : { watch: shown }), ...(map === undefined ? {} : { map }) };
}

/**
 * Complains where somebody wants to watch what cannot be seen.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkWatching({ isWatched }: Context, { watch, json, threads }: Asked): void {
  if (watch !== true) return;
  if (threads !== undefined)
    throw new VacateError(
      'usage',
      '--watch shows one machine, and --threads makes one of each node; leave one of them out',
    );
  if (json === true)
    throw new VacateError('usage', '--watch draws for people and --json prints for programs; leave one of them out');
  if (!isWatched)
    throw new VacateError('usage', '--watch draws on a terminal, and standard output is none; leave it out');
}
