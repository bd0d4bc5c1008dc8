import { loadPlugins, loadShippedPlugins } from '../container/load-plugins.js';
import type { PageType } from '../handler/define-page-type.js';

/** What the options --plugin and --plugin-time-limit say. */
export interface PluginChoice {
  readonly plugin: readonly string[];
  readonly pluginTimeLimit?: number | undefined;
}

/** The shipped page types, then the user's: one that wants to be asked first says so itself, by `order: 'pre'`. */
export async function loadPageTypes({ plugin, pluginTimeLimit }: PluginChoice): Promise<PageType[]> {
  return [...(await loadShippedPlugins()), ...(await loadPlugins(plugin, { handlerTimeLimitMs: pluginTimeLimit }))];
}
