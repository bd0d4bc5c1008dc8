import { VacateError } from '../base/vacate-error.js';
import { type PageType, problemWith } from '../handler/define-page-type.js';

const PLACE = { pre: 0, middle: 1, post: 2 } as const;

/**
 * The only place where plugins are put in order: every 'pre', then the rest, then every 'post', each in list order.
 *
 * @throws VacateError kind 'plugin' for a malformed plugin, or two of one name.
 */
export function resolvePlugins(plugins: readonly PageType[]): PageType[] {
  const seen = new Map<string, number>();
  plugins.forEach((plugin, position) => {
    const problem = problemWith(plugin);
    if (problem !== null) throw new VacateError('plugin', problem);
    const earlier = seen.get(plugin.name);
    if (earlier !== undefined)
      throw new VacateError(
        'plugin',
        `plugins ${earlier + 1} and ${position + 1} are both named "${plugin.name}"; load one of them, or rename one`,
      );
    seen.set(plugin.name, position);
  });
  const place = (plugin: PageType) => PLACE[plugin.order ?? 'middle'];
  return plugins
    .map((plugin, position) => ({ plugin, position }))
    .sort((a, b) => place(a.plugin) - place(b.plugin) || a.position - b.position)
    .map(({ plugin }) => plugin);
}
