import { expectArgument } from '../base/arguments.js';
import type { PageType } from '../handler/define-page-type.js';
import type { Outside } from '../migration/handler-table.js';
import { HandlerTimeLimit } from '../workers/handler-time-limit.js';

/** So long a handler from outside may take for the pages of one phase, or for a look at a range: a thousand times enough. */
export const HANDLER_TIME_LIMIT_MS = 2000;
/** Longer than anybody waits. */
const LIMIT_MS_MAX = 3_600_000;

/** Page types that vacate ships, which are trusted to end. */
const shipped = new WeakSet<PageType>();
/** Page types that were loaded by name, for whom nobody vouches, and the time that they have. */
const loaded = new WeakMap<PageType, number>();

export function noteShipped(plugin: PageType): PageType {
  shipped.add(plugin);
  return plugin;
}

export function noteLoaded(plugin: PageType, limitMs: number): PageType {
  loaded.set(plugin, limitMs);
  return plugin;
}

/** @throws VacateError kind 'usage' for a limit that is none. */
export function checkTimeLimit(limitMs: unknown): void {
  const isLimit = typeof limitMs === 'number' && limitMs >= 1 && limitMs <= LIMIT_MS_MAX;
  expectArgument(isLimit, 'handlerTimeLimitMs', limitMs, `milliseconds, from 1 to ${LIMIT_MS_MAX}`);
}

/**
 * Those of a list that are held to a time limit: the ones that were loaded by name, with the limit that they were loaded
 * with; with a limit of one's own, all but the shipped ones. Null if there are none.
 */
export function outsideOf(plugins: readonly PageType[], limitMs?: number): Outside | null {
  const bound = plugins.filter((plugin) => loaded.has(plugin) || (limitMs !== undefined && !shipped.has(plugin)));
  if (bound.length === 0) return null;
  const longest = Math.max(...bound.map((plugin) => loaded.get(plugin) ?? 0));
  return { plugins: new Set(bound), limit: new HandlerTimeLimit(limitMs ?? longest) };
}
