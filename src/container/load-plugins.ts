import { expectArgument, isTexts } from '../base/arguments.js';
import { type PageType, problemWith } from '../handler/define-page-type.js';
import { problemWithStrategy, type StrategyDefinition } from '../strategies/define-strategy.js';
import { importDefault } from './import-module.js';
import { checkTimeLimit, HANDLER_TIME_LIMIT_MS, noteLoaded, noteShipped } from './plugin-origins.js';

/** The page types that vacate ships, in the order in which they are asked. */
const SHIPPED = [
  'nonlinear',
  'hwpoison',
  'offline-pages',
  'device-pinned',
  'thp',
  'ksm',
  'mlocked',
  'shmem',
  'swap-backed',
  'anonymous',
  'file-backed',
  'movable-ops',
  'hugetlb',
] as const;

/**
 * The page types that vacate ships, in the order in which they are asked.
 *
 * @example
 * for (const { name, claims } of await loadShippedPlugins()) console.log(name, claims);
 */
export async function loadShippedPlugins(): Promise<PageType[]> {
  const urls = SHIPPED.map((name) => new URL(`../../plugins/${name}/index.js`, import.meta.url).href);
  return (await Promise.all(urls.map(importPageType))).map(noteShipped);
}

/**
 * How page types from outside are to be treated.
 *
 * @example
 * const options: LoadPluginsOptions = { handlerTimeLimitMs: 500 };
 * const plugins = [...(await loadPlugins(['vacate/plugins/ksm'], options)), ...(await loadShippedPlugins())];
 */
export interface LoadPluginsOptions {
  /** Milliseconds that one of them may take, see `EvacuatorOptions.handlerTimeLimitMs`; 2000 if absent. */
  readonly handlerTimeLimitMs?: number | undefined;
}

/**
 * Page types from module specifiers: a package name, a path, or a URL. Folders are never searched.
 *
 * @throws VacateError kind 'plugin' if a module cannot be loaded or exports no page type.
 * @example
 * const [anonymous] = await loadPlugins(['vacate/plugins/anonymous']);
 * anonymous?.name; // "anonymous"
 */
export async function loadPlugins(
  specifiers: readonly string[],
  { handlerTimeLimitMs = HANDLER_TIME_LIMIT_MS }: LoadPluginsOptions = {},
): Promise<PageType[]> {
  checkSpecifiers(specifiers);
  checkTimeLimit(handlerTimeLimitMs);
  return (await Promise.all(specifiers.map(importPageType))).map((plugin) => noteLoaded(plugin, handlerTimeLimitMs));
}

function importPageType(specifier: string): Promise<PageType> {
  return importDefault<PageType>('plugin', specifier, problemWith);
}

/**
 * Strategies from module specifiers, as page types are loaded.
 *
 * @throws VacateError kind 'plugin' if a module cannot be loaded or exports no strategy.
 * @example
 * const strategies = await loadStrategies([]);
 * const evacuator = createEvacuator({ host: simModule(machine), plugins, strategies });
 */
export async function loadStrategies(specifiers: readonly string[]): Promise<StrategyDefinition[]> {
  checkSpecifiers(specifiers);
  return Promise.all(
    specifiers.map((specifier) => importDefault<StrategyDefinition>('strategy', specifier, problemWithStrategy)),
  );
}

function checkSpecifiers(specifiers: unknown): void {
  const isList = Array.isArray(specifiers) && isTexts(Array.from(specifiers));
  expectArgument(isList, 'specifiers', specifiers, 'a list of package names, paths or URLs');
}
