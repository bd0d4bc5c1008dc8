import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VacateError } from '../base/vacate-error.js';
import { type PageType, problemWith } from '../handler/define-page-type.js';

/** The page types that vacate ships, in the order in which they are asked. */
const SHIPPED = ['nonlinear', 'swap-backed', 'anonymous', 'file-backed', 'movable-ops'] as const;

export async function loadShippedPlugins(): Promise<PageType[]> {
  return loadPlugins(SHIPPED.map((name) => new URL(`../../plugins/${name}/index.js`, import.meta.url).href));
}

/**
 * Page types from module specifiers: a package name, a path, or a URL. Folders are never searched.
 *
 * @throws VacateError kind 'plugin' if a module cannot be loaded or exports no page type.
 */
export async function loadPlugins(specifiers: readonly string[]): Promise<PageType[]> {
  return Promise.all(specifiers.map(loadPlugin));
}

async function loadPlugin(specifier: string): Promise<PageType> {
  const isPath = specifier.startsWith('.') || specifier.startsWith('/') || existsSync(specifier);
  const url = isPath ? pathToFileURL(resolve(specifier)).href : specifier;
  let module: { default?: unknown };
  try {
    module = await import(url);
  } catch (cause) {
    const why =
      cause instanceof Error ? cause.message.split('\n')[0]?.replace(/ imported from .*$/, '') : String(cause);
    throw new VacateError(
      'plugin',
      `cannot load plugin "${specifier}": ${why}; give a path to its built index.js or a package name`,
      { cause },
    );
  }
  const problem = problemWith(module.default);
  if (problem !== null) throw new VacateError('plugin', `plugin "${specifier}": ${problem}`);
  return module.default as PageType;
}
