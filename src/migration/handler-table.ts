import { VacateError } from '../base/vacate-error.js';
import { codeOf, handlerOf, type Outcome } from '../events/page-events.js';
import type { PageType } from '../handler/define-page-type.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import type { PageView } from '../handler/page-view.js';
import { coreRefusals, type Refusal, type RefusalTable } from '../handler/refusal.js';
import type { PlainKind } from '../mm/plain-page.js';
import { type Breakage, GuardedHandler } from './guarded-handler.js';
import { resolvePlugins } from './resolve-plugins.js';

/** Answers that are remembered, by flags: pages of a machine look alike. */
const ANSWERS = 256;
const UNASKED = 0xff;

/** `handlerFor` found nobody. */
export const NO_HANDLER = 0;

/** The handlers of one machine, in the order in which they are asked. Index 0 is the service. */
export class HandlerTable {
  readonly names: readonly string[];
  readonly claims: readonly string[];
  readonly refusals: readonly RefusalTable[];
  /** Names and refusals side by side, as `decodeBatch` takes them. */
  readonly tables: ReadonlyArray<{ readonly name: string; readonly refusals: RefusalTable }>;
  readonly #handlers: readonly GuardedHandler[];
  readonly #plain: ReadonlyArray<PlainKind | null>;
  readonly #breakage: Breakage = { error: null };
  readonly #asked = new Uint32Array(ANSWERS);
  readonly #answers = new Uint8Array(ANSWERS).fill(UNASKED);

  constructor(plugins: readonly PageType[], pages: PageView) {
    const ordered = resolvePlugins(plugins);
    this.names = ['core', ...ordered.map(({ name }) => name)];
    this.claims = ['what every page type shares', ...ordered.map(({ claims }) => claims)];
    this.refusals = [coreRefusals, ...ordered.map(({ refusals }) => refusals)];
    this.tables = this.names.map((name, i) => ({ name, refusals: this.refusals[i]! }));
    this.#plain = [null, ...ordered.map(({ plain = null }) => plain)];
    this.#handlers = ordered.map((plugin) => this.#guarded(plugin, pages));
  }

  #guarded(plugin: PageType, pages: PageView): GuardedHandler {
    const { name, refusals } = plugin;
    return new GuardedHandler(name, refusals, createHandler(plugin, pages), pages, this.#breakage);
  }

  /**
   * Index of the handler that claims a page with these flags; NO_HANDLER if none does. The same flags always have the same
   * handler, so that most pages are answered for by the last one that looked like them.
   */
  handlerFor(flags: number): number {
    const at = ((flags ^ (flags >>> 9) ^ (flags >>> 19)) & (ANSWERS - 1)) >>> 0;
    if (this.#answers[at] !== UNASKED && this.#asked[at] === flags >>> 0) return this.#answers[at]!;
    const answer = this.#ask(flags);
    this.#asked[at] = flags;
    this.#answers[at] = answer;
    return answer;
  }

  #ask(flags: number): number {
    const handlers = this.#handlers;
    for (let i = 0; i < handlers.length; i++) if (handlers[i]!.claims(flags)) return i + 1;
    return NO_HANDLER;
  }

  /** What kind of plain page these flags are; null if their handler is to be asked about each, or if there is none. */
  plainKindOf(flags: number): PlainKind | null {
    return this.#plain[this.handlerFor(flags)]!;
  }

  get(handler: number): GuardedHandler {
    return this.#handlers[handler - 1]!;
  }

  /** An error that a verb left behind which was brought to its end all the same (see GuardedHandler), once; or null. */
  takeBreakage(): unknown {
    const { error } = this.#breakage;
    this.#breakage.error = null;
    return error;
  }

  /**
   * The refusal that an outcome names.
   *
   * @throws VacateError kind 'plugin' if a handler returned a code that its table does not have.
   */
  refusal(outcome: Outcome): Refusal {
    const handler = handlerOf(outcome);
    const code = codeOf(outcome);
    const refusal = this.refusals[handler]?.[code];
    if (refusal === undefined || refusal === null)
      throw new VacateError(
        'plugin',
        `plugin "${this.names[handler]}" refused with code ${code}, which its refusal table lacks; add { id, kind, because } at index ${code}`,
      );
    return refusal;
  }

  /** True if it makes no sense to ask again. */
  isPermanent(outcome: Outcome): boolean {
    return this.refusal(outcome).kind === 'permanent';
  }
}

const VERBS = ['claims', 'refuses', 'references', 'isolate', 'migrate', 'putback'] as const;
const OPTIONAL_VERBS = ['refusesSplit', 'dissolve'] as const;
/** What one of these takes away the other one brings back. */
const PAIR = ['unmap', 'remap'] as const;

/** @throws VacateError kind 'plugin' if the plugin cannot make a handler, or what it makes is none. */
function createHandler({ name, create }: PageType, pages: PageView): PageTypeHandler {
  let handler: Partial<PageTypeHandler> | null | undefined;
  try {
    handler = create(pages);
  } catch (error) {
    if (VacateError.is(error)) throw error;
    throw new VacateError('plugin', `plugin "${name}" threw in create (${String(error)}); it must return a handler`, {
      cause: error,
    });
  }
  for (const verb of VERBS)
    if (typeof handler?.[verb] !== 'function')
      throw new VacateError(
        'plugin',
        `plugin "${name}": its handler has no ${verb}(); give it all of ${VERBS.join(', ')}`,
      );
  for (const verb of OPTIONAL_VERBS)
    if (handler[verb] !== undefined && typeof handler[verb] !== 'function')
      throw new VacateError(
        'plugin',
        `plugin "${name}": ${verb} of its handler is no function; make it one, or leave it out`,
      );
  for (const verb of PAIR)
    if (handler?.[verb] !== undefined && PAIR.some((other) => typeof handler?.[other] !== 'function'))
      throw new VacateError(
        'plugin',
        `plugin "${name}": its handler has ${verb}(), and not both of ${PAIR.join(', ')}; give it both, or neither`,
      );
  return handler as PageTypeHandler;
}
