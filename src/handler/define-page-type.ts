import { shown } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import type { PlainKind } from '../mm/plain-page.js';
import type { PageTypeHandler } from './page-type-handler.js';
import type { PageView } from './page-view.js';
import type { RefusalTable } from './refusal.js';

/** Version of the contract in this folder; a plugin states the one it was written for. */
export const HANDLER_API = 1;

/** A plugin: a page type by name, its refusals, and how to make its handler. */
export interface PageType {
  /** Kebab-case, unique among the plugins of a run: "file-backed". */
  readonly name: string;
  readonly api: typeof HANDLER_API;
  /** Who is asked first: every 'pre', then the rest in list order, then every 'post'. */
  readonly order: 'pre' | null | 'post';
  /** One line for `vacate handlers`: which pages it claims. */
  readonly claims: string;
  readonly refusals: RefusalTable;
  /**
   * Given if the handler does nothing but what the kernel does for every page of this kind, so that a host may move many
   * at a time without asking it page by page; `claims` is asked all the same.
   */
  readonly plain?: PlainKind;
  /** A new handler for one machine. All state lives in what it returns. */
  create(pages: PageView): PageTypeHandler;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Checks and freezes a plugin; the result is its module's default export.
 *
 * @throws VacateError kind 'plugin' if the name, the api version, the order or the refusal table is malformed.
 *
 * @example
 * const ringBuffer: PageType = definePageType({
 *   name: 'ring-buffer', api: HANDLER_API, order: 'pre', claims: 'pages of the ring-buffer driver',
 *   refusals: [null, { id: 'released', kind: 'retry', because: 'the driver has let go of it' }],
 *   create: (pages) => ({
 *     claims: (flags) => (flags & PG_MOVABLE_OPS) !== 0,
 *     refuses: () => 0,
 *     references: () => 1,
 *     isolate: (page) => pages.isolateFromDriver(page, 1),
 *     migrate: (source, target) => (pages.moveSlot(source, target) ? 0 : 1),
 *     putback: (page) => pages.putbackToDriver(page),
 *   }),
 * });
 * problemWith(ringBuffer); // null
 */
export function definePageType(plugin: PageType): PageType {
  const problem = problemWith(plugin);
  if (problem !== null) throw new VacateError('plugin', problem);
  for (const refusal of plugin.refusals) if (refusal !== null) Object.freeze(refusal);
  Object.freeze(plugin.refusals);
  return Object.freeze(plugin);
}

/**
 * A sentence about the first thing wrong with a would-be plugin, or null.
 *
 * @example
 * problemWith({ name: 'ring-buffer' }) === null; // false
 */
export function problemWith(candidate: unknown): string | null {
  if (typeof candidate !== 'object' || candidate === null)
    return 'a plugin module must export definePageType({...}) as its default export';
  const plugin = candidate as Partial<PageType>;
  if (typeof plugin.name !== 'string' || !NAME.test(plugin.name))
    return `plugin name ${shown(plugin.name)} is not kebab-case; use something like "ring-buffer"`;
  const who = `plugin "${plugin.name}"`;
  if (plugin.api !== HANDLER_API)
    return `${who} is written for handler api ${shown(plugin.api)}, this vacate offers ${HANDLER_API}; set api: ${HANDLER_API} after checking the CHANGELOG`;
  if (plugin.order !== 'pre' && plugin.order !== null && plugin.order !== 'post')
    return `${who} has order ${shown(plugin.order)}; use 'pre', null or 'post'`;
  if (typeof plugin.claims !== 'string' || plugin.claims === '')
    return `${who} does not say what it claims; give "claims" one line`;
  if (plugin.plain !== undefined && plugin.plain !== 'anonymous' && plugin.plain !== 'page-cache')
    return `${who} has plain ${shown(plugin.plain)}; use 'anonymous' or 'page-cache', or leave it out`;
  if (typeof plugin.create !== 'function') return `${who} has no create(pages)`;
  return problemWithRefusals(who, plugin.refusals);
}

function problemWithRefusals(who: string, table: unknown): string | null {
  if (!Array.isArray(table) || table[0] !== null)
    return `${who} needs a refusal table whose entry 0 is null, because code 0 means no refusal`;
  const seen = new Set<string>();
  for (let code = 1; code < table.length; code++) {
    const entry: unknown = table[code];
    const at = `${who}, refusal ${code}`;
    if (typeof entry !== 'object' || entry === null) return `${at} is missing: give it { id, kind, because }`;
    const { id, kind, because } = entry as Record<string, unknown>;
    if (typeof id !== 'string' || !NAME.test(id)) return `${at} needs a kebab-case id, not ${shown(id)}`;
    if (seen.has(id)) return `${at} repeats the id "${id}"`;
    seen.add(id);
    if (kind !== 'retry' && kind !== 'permanent') return `${at} ("${id}") needs kind 'retry' or 'permanent'`;
    if (typeof because !== 'string' || because === '') return `${at} ("${id}") does not say why: fill in "because"`;
  }
  return null;
}
