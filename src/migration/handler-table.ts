import { VacateError } from '../base/vacate-error.js';
import { codeOf, handlerOf, type Outcome } from '../events/page-events.js';
import type { PageType } from '../handler/define-page-type.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import type { PageView } from '../handler/page-view.js';
import { coreRefusals, type Refusal, type RefusalTable } from '../handler/refusal.js';
import type { PlainKind } from '../mm/plain-page.js';
import { type Breakage, GuardedHandler } from './guarded-handler.js';
import { HandlerCall } from './handler-call.js';
import { claimsTooMuch, NOBODYS } from './nobodys.js';
import { OutsideHandler } from './outside-handler.js';
import { OutsideView } from './outside-view.js';
import { resolvePlugins } from './resolve-plugins.js';
import { OutOfTime, type TimeLimit } from './time-limit.js';

/** Answers that are remembered, by flags: pages of a machine look alike. */
const ANSWERS = 256;
const UNASKED = 0xff;
/** Real machines have some hundred looks; a file may have any number. */
const KNOWN_MAX = 2 ** 16;

/** Plugins that nobody vouches for, and who keeps the time for them. */
export interface Outside {
  readonly plugins: ReadonlySet<PageType>;
  readonly limit: TimeLimit;
}

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
  /** By handler less 1; null for those that somebody vouches for. */
  readonly #outside: ReadonlyArray<OutsideHandler | null>;
  readonly #limit: TimeLimit | null;
  readonly #call = new HandlerCall();
  /** True while work is under way that the time limit ends. */
  #isTimed = false;
  /** Who was told in this work that its time was up, and may not have come to its end with that when it was broken off. */
  #dismissed: { readonly error: VacateError; readonly call: HandlerCall } | null = null;
  /** What those said who took too long. */
  readonly #tooLong = new Set<unknown>();
  readonly #plain: ReadonlyArray<PlainKind | null>;
  readonly #breakage: Breakage = { error: null };
  readonly #asked = new Uint32Array(ANSWERS);
  readonly #answers = new Uint8Array(ANSWERS).fill(UNASKED);
  /** All answers, where asking takes long: handlers from outside are timed. */
  readonly #known = new Map<number, number>();

  /** @throws VacateError kind 'plugin' for a malformed plugin, two of one name, or one from outside that claims too much. */
  constructor(plugins: readonly PageType[], pages: PageView, outside: Outside | null = null) {
    const ordered = resolvePlugins(plugins);
    this.names = ['core', ...ordered.map(({ name }) => name)];
    this.claims = ['what every page type shares', ...ordered.map(({ claims }) => claims)];
    this.refusals = [coreRefusals, ...ordered.map(({ refusals }) => refusals)];
    this.tables = this.names.map((name, i) => ({ name, refusals: this.refusals[i]! }));
    this.#plain = [null, ...ordered.map(({ plain = null }) => plain)];
    const isAnyOutside = outside !== null && ordered.some((plugin) => outside.plugins.has(plugin));
    this.#limit = isAnyOutside ? outside.limit : null;
    const made = ordered.map((plugin) => this.#create(plugin, pages, outside));
    this.#outside = made.map((handler) => (handler instanceof OutsideHandler ? handler : null));
    this.#handlers = ordered.map(
      ({ name, refusals }, i) => new GuardedHandler(name, refusals, made[i]!, pages, this.#breakage),
    );
    this.#outside.forEach((handler, i) => {
      if (handler !== null) this.#expectModest(this.#handlers[i]!, this.names[i + 1]!);
    });
  }

  #create(plugin: PageType, pages: PageView, outside: Outside | null): PageTypeHandler {
    const limit = this.#limit;
    if (limit === null || outside?.plugins.has(plugin) !== true) return createHandler(plugin, pages);
    const { name } = plugin;
    const call = this.#call;
    const made: { handler: OutsideHandler | null } = { handler: null };
    const view = new OutsideView(name, pages, call, limit, (error) => {
      this.#dismissed = { error, call: Object.assign(new HandlerCall(), call) };
      made.handler?.dismiss(error);
    });
    call.begin(name, 'create');
    const handler = this.timed(() => createHandler(plugin, view));
    call.end();
    made.handler = new OutsideHandler(name, handler, view, call);
    return made.handler;
  }

  /** What nobody may claim is offered to it; one that takes it would be in everybody's way. */
  #expectModest(handler: GuardedHandler, name: string): void {
    const taken = this.timed(() => claimsTooMuch(handler));
    if (taken !== null)
      throw new VacateError(
        'plugin',
        `plugin "${name}" claims ${taken}; its claims() must say no to pages that are nobody's to move: free, absent, reserved, or the kernel's own`,
      );
  }

  /**
   * Does work that calls handlers. If some are from outside it has the time limit to itself, but for work that it is a
   * part of: ranges are looked at and phases done as a whole, since keeping time costs as much as a thousand pages.
   *
   * @throws VacateError kind 'plugin' if a handler took too long: what it was called for is undone or done, and it is not
   *   called again. Kind 'host' if vacate's own part did, because the process stood still.
   */
  timed<T>(work: () => T): T {
    if (this.#limit === null || this.#isTimed) return work();
    this.#isTimed = true;
    this.#dismissed = null;
    try {
      return this.#limit.run(work);
    } catch (error) {
      throw error instanceof OutOfTime ? this.#outOfTime(this.#limit) : error;
    } finally {
      this.#isTimed = false;
    }
  }

  /** The same for work that must come to its end: it goes on without whoever took too long, whose error is breakage. */
  timedToTheEnd(work: () => void): void {
    for (;;) {
      try {
        this.timed(work);
        return;
      } catch (error) {
        if (!this.#tooLong.has(error)) throw error;
        this.#breakage.error ??= error;
      }
    }
  }

  #outOfTime({ limitMs }: TimeLimit): VacateError {
    const told = this.#call.verb === null ? this.#dismissed : null;
    const call = told?.call ?? this.#call;
    if (call.verb === null)
      return new VacateError(
        'host',
        `this process stood still for more than ${limitMs} ms in the middle of a step, which was broken off; build the machine anew, and allow plugins more time`,
      );
    const error = told?.error ?? call.tookTooLong(limitMs);
    this.#tooLong.add(error);
    const at = this.names.indexOf(call.plugin) - 1;
    this.#outside?.[at]?.dismiss(error);
    if (call.verb !== 'create') this.#handlers[at]!.breakOff(call);
    this.#call.verb = null;
    return error;
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
    if (this.#limit === null) return this.#firstToClaim(flags);
    const known = this.#known.get(flags);
    if (known !== undefined) return known;
    const answer = this.timed(() => this.#firstToClaim(flags));
    if (this.#known.size === KNOWN_MAX) this.#known.clear();
    this.#known.set(flags, answer);
    return answer;
  }

  #firstToClaim(flags: number): number {
    const handlers = this.#handlers;
    for (let i = 0; i < handlers.length; i++) {
      if ((flags & NOBODYS) !== 0 && this.#outside[i] !== null) continue;
      if (handlers[i]!.claims(flags)) return i + 1;
    }
    return NO_HANDLER;
  }

  /** True if this handler is one from outside: whoever calls it must have it timed. */
  isOutside(handler: number): boolean {
    return this.#limit !== null && this.#outside[handler - 1] != null;
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
const OPTIONAL_VERBS = ['refusesSplit', 'dissolve', 'staysWhenOffline'] as const;
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
