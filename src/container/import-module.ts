import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { printable, quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** So much of what the module loader says is passed on. */
const WHY_MAX = 200;

/**
 * The default export of a user's module: a package name, a path, or a URL. `what` names it in complaints, `problemWith`
 * finds the first thing wrong with it.
 *
 * @throws VacateError kind 'plugin' if it cannot be loaded or is not what it should be.
 */
export async function importDefault<T>(
  what: string,
  specifier: string,
  problemWith: (candidate: unknown) => string | null,
): Promise<T> {
  const isPath = specifier.startsWith('.') || specifier.startsWith('/') || existsSync(specifier);
  const url = isPath ? pathToFileURL(resolve(specifier)).href : specifier;
  let module: { default?: unknown };
  try {
    module = await import(url);
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause))
      .replace(/ imported from .*$/m, '')
      .split('\n');
    throw new VacateError(
      'plugin',
      `cannot load ${what} ${quoted(specifier)}: ${printable(why).slice(0, WHY_MAX)}; give a path to its built index.js or a package name`,
      { cause },
    );
  }
  const problem = problemWith(module.default);
  if (problem !== null) throw new VacateError('plugin', `${what} ${quoted(specifier)}: ${problem}`);
  return module.default as T;
}
