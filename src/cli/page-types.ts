import { loadPlugins, loadShippedPlugins } from '../container/load-plugins.js';
import type { PageType } from '../handler/define-page-type.js';

/** The shipped page types, then the user's: one that wants to be asked first says so itself, by `order: 'pre'`. */
export async function loadPageTypes(specifiers: readonly string[]): Promise<PageType[]> {
  return [...(await loadShippedPlugins()), ...(await loadPlugins(specifiers))];
}
