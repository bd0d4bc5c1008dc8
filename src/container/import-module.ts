import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObject } from '../base/arguments.js';
import { printable, quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** So much of what the module loader says is passed on. */
const WHY_MAX = 200;
/** More folders than any path has. */
const FOLDERS_MAX = 256;

/**
 * The default export of a user's module: a package name, a path of a file or of a package's folder, or a URL. Names are
 * looked up from the working directory, then from vacate's own folder. `what` names it in complaints, `problemWith` finds
 * the first thing wrong with it.
 *
 * @throws VacateError kind 'plugin' if it cannot be loaded or is not what it should be.
 */
export async function importDefault<T>(
  what: string,
  specifier: string,
  problemWith: (candidate: unknown) => string | null,
): Promise<T> {
  if (/\.[cm]?tsx?$/.test(specifier) && !specifier.endsWith('.d.ts') && existsSync(specifier))
    throw new VacateError(
      'plugin',
      `cannot load ${what} ${quoted(specifier)}: it is TypeScript; compile it (npx tsc), and name the .js file that comes out`,
    );
  let module: { default?: unknown };
  try {
    module = await import(addressOf(specifier));
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause))
      .replace(/ imported from .*$/m, '')
      .split('\n');
    if (VacateError.is(cause))
      throw new VacateError('plugin', `${what} ${quoted(specifier)}: ${cause.message}`, { cause });
    const says = `cannot load ${what} ${quoted(specifier)}: ${printable(why).slice(0, WHY_MAX)}`;
    throw new VacateError('plugin', `${says}; ${adviceFor(specifier)}`, { cause });
  }
  const problem = problemWith(module.default);
  if (problem !== null) throw new VacateError('plugin', `${what} ${quoted(specifier)}: ${problem}`);
  return module.default as T;
}

function adviceFor(specifier: string): string {
  if (!existsSync(specifier)) return 'give a path to its built index.js or a package name'; // any text, with a NUL in it too
  // A module that is there, and lacks one that it imports.
  if (statSync(specifier).isFile()) return 'build it, or mend what it imports';
  return existsSync(join(specifier, 'package.json'))
    ? 'build it, so that there is the file that its package.json names'
    : 'the folder has no package.json; name the .js file in it that has the plugin, or the folder above that is the package';
}

/** What `import` is to be asked for; the specifier itself where we know nothing better. */
function addressOf(specifier: string): string {
  if (specifier.startsWith('.') || specifier.startsWith('/') || existsSync(specifier)) {
    const path = resolve(specifier);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    return pathToFileURL(isFolder ? (entryOf(path, '.') ?? createRequire(`${path}/`).resolve(path)) : path).href;
  }
  const name = /^(?:@[\w.-]+\/)?[\w.-]+(?=\/|$)/.exec(specifier)?.[0];
  if (name === undefined || specifier.includes(':')) return specifier;
  const subpath = `.${specifier.slice(name.length)}`;
  let folder = process.cwd();
  for (let up = 0; up < FOLDERS_MAX; up++) {
    const home = join(folder, 'node_modules', name);
    // Patterns, files without an ending: what Node has rules for, it is left to.
    if (existsSync(join(home, 'package.json')))
      return pathToFileURL(entryOf(home, subpath) ?? createRequire(`${folder}/`).resolve(specifier)).href;
    if (folder === dirname(folder)) break;
    folder = dirname(folder);
  }
  return specifier;
}

/** The file that the package in this folder has for `import`, if its package.json names one. */
function entryOf(folder: string, subpath: string): string | null {
  const description = join(folder, 'package.json');
  if (!existsSync(description)) return null;
  const { exports, main } = JSON.parse(readFileSync(description, 'utf8')) as { exports?: unknown; main?: unknown };
  const isBySubpath = isObject(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  const wanted = isBySubpath ? (exports as Record<string, unknown>)[subpath] : subpath === '.' ? exports : undefined;
  const file = forImport(wanted) ?? (subpath === '.' && typeof main === 'string' ? main : null);
  return file === null ? null : resolve(folder, file);
}

/** Conditions in the order in which the package has them (Node, "Conditional exports"). */
function forImport(target: unknown): string | null {
  if (typeof target === 'string') return target;
  if (!isObject(target) || Array.isArray(target)) return null;
  for (const [condition, value] of Object.entries(target)) {
    if (condition !== 'import' && condition !== 'node' && condition !== 'default') continue;
    const file = forImport(value);
    if (file !== null) return file;
  }
  return null;
}
