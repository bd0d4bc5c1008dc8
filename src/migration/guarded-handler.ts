import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import type { PageView } from '../handler/page-view.js';
import type { RefusalCode, RefusalTable } from '../handler/refusal.js';
import type { MigrateMode } from '../mm/migrate-mode.js';
import { FREE_FLAGS, PG_HUGE, PG_ISOLATED, PG_MOVABLE_OPS } from '../mm/page-flags.js';
import { formatPfn, type Pfn } from '../mm/units.js';
import type { HandlerCall } from './handler-call.js';

/** What broke first, where the verb that broke had to be brought to its end all the same. */
export interface Breakage {
  error: unknown;
}

type Verb = keyof PageTypeHandler;

/**
 * A plugin's handler, held to its contract. A verb that throws, or answers with what its table does not have, ends the run
 * with an error that names plugin, verb and page; and whatever the verb had done by then is undone or done to its end
 * by the service, so that each verb happens or does not:
 *
 * - `isolate` that threw after it took the page: the page is put back.
 * - `migrate` that threw, or refused, after it had re-pointed the slot: the page has moved, its buffers follow, and the
 *   error waits in `breakage` until the phase is over. Beyond the freeze there is only forward.
 * - `putback` that threw: the service puts the page back itself, onto its LRU list or to its driver, as its flags say,
 *   and the error waits likewise. Whoever puts back has other pages in hand.
 * - `unmap` that threw: what it had unmapped is mapped again. `remap` that threw: the service looks at every entry of every
 *   VMA of the page's file itself, and the error waits.
 *
 * - `dissolve` that answered 0 and gave nothing back: nothing has happened.
 * - a verb that took too long: the same by `breakOff`, and the plugin is not called again.
 *
 * What comes out of the host through a handler, a VacateError of another kind, goes through as it is.
 */
export class GuardedHandler implements PageTypeHandler {
  /** As the plugin has them: whoever calls these asks first whether they are there. */
  readonly refusesSplit?: (head: Pfn) => RefusalCode;
  readonly dissolve?: (head: Pfn) => RefusalCode;

  constructor(
    private readonly name: string,
    private readonly refusals: RefusalTable,
    private readonly handler: PageTypeHandler,
    private readonly pages: PageView,
    private readonly breakage: Breakage,
  ) {
    if (handler.refusesSplit !== undefined) this.refusesSplit = (head) => this.#ask('refusesSplit', head);
    if (handler.dissolve !== undefined) this.dissolve = (head) => this.#dissolve(head);
  }

  claims(flags: number): boolean {
    let answer: unknown;
    try {
      answer = this.handler.claims(flags);
    } catch (error) {
      throw this.#threw('claims', `flags 0x${(flags >>> 0).toString(16)}`, error);
    }
    if (answer === true || answer === false) return answer;
    throw this.#answered('claims', `flags 0x${(flags >>> 0).toString(16)}`, answer, 'must be true or false');
  }

  refuses(page: Pfn): RefusalCode {
    let code: RefusalCode;
    try {
      code = this.handler.refuses(page);
    } catch (error) {
      throw this.#threw('refuses', formatPfn(page), error);
    }
    if (code !== 0) this.#checkCode('refuses', page, code);
    return code;
  }

  /** A verb that not every handler has. */
  #ask(verb: 'refusesSplit' | 'dissolve', head: Pfn): RefusalCode {
    let code: RefusalCode;
    try {
      code = this.handler[verb]!(head);
    } catch (error) {
      throw this.#threw(verb, formatPfn(head), error);
    }
    if (code !== 0) this.#checkCode(verb, head, code);
    return code;
  }

  #dissolve(head: Pfn): RefusalCode {
    const code = this.#ask('dissolve', head);
    if (code === 0 && (this.pages.flags(head) & FREE_FLAGS) === 0)
      throw this.#answered('dissolve', formatPfn(head), 0, 'but the page is not free');
    return code;
  }

  references(page: Pfn): number {
    let references: number;
    try {
      references = this.handler.references(page);
    } catch (error) {
      throw this.#threw('references', formatPfn(page), error);
    }
    if (references >>> 0 === references) return references;
    throw this.#answered('references', formatPfn(page), references, 'must be a count, 0 or more');
  }

  isolate(page: Pfn): RefusalCode {
    const before = this.#isIsolated(page);
    let code: RefusalCode;
    try {
      code = this.handler.isolate(page);
      if (code !== 0) this.#checkCode('isolate', page, code);
    } catch (error) {
      if (!before && this.#isIsolated(page)) this.#putBackForIt(page);
      throw this.#threw('isolate', formatPfn(page), error);
    }
    if (code === 0 && !this.#isIsolated(page))
      throw this.#answered('isolate', formatPfn(page), 0, 'but the page is not isolated');
    return code;
  }

  migrate(source: Pfn, target: Pfn, mode: MigrateMode): RefusalCode {
    let code: RefusalCode = 0;
    let error: unknown = null;
    try {
      code = this.handler.migrate(source, target, mode);
      if (code !== 0) this.#checkCode('migrate', source, code);
    } catch (thrown) {
      error = this.#threw('migrate', formatPfn(source), thrown);
    }
    const moved = this.pages.hasMapping(target);
    if (code === 0 && error === null) {
      if (moved) return 0;
      throw this.#answered('migrate', formatPfn(source), 0, 'but nothing was re-pointed');
    }
    if (!moved) {
      if (error !== null) throw error;
      return code;
    }
    this.pages.moveBuffers(source, target);
    this.#note(error ?? this.#answered('migrate', formatPfn(source), code, 'after it had re-pointed the slot'));
    return 0;
  }

  putback(page: Pfn): void {
    try {
      this.handler.putback(page);
    } catch (error) {
      if (this.#isIsolated(page)) this.#putBackForIt(page);
      this.#note(this.#threw('putback', formatPfn(page), error));
    }
  }

  unmap(page: Pfn): void {
    if (this.handler.unmap === undefined) return;
    try {
      this.handler.unmap(page);
    } catch (error) {
      throw this.#threw('unmap', formatPfn(page), error);
    }
  }

  remap(source: Pfn, target: Pfn): void {
    if (this.handler.remap === undefined) return;
    try {
      this.handler.remap(source, target);
    } catch (error) {
      this.#remapForIt(source, target);
      this.#note(this.#threw('remap', formatPfn(source), error));
    }
  }

  #remapForIt(source: Pfn, target: Pfn): void {
    const { entries } = this.pages;
    if (entries === undefined) return;
    for (let vma = entries.nextVma(target, 0); vma !== 0; vma = entries.nextVma(target, vma))
      for (let at = 0; at < entries.nrPages(vma); at++) entries.remap(source, target, vma, at);
  }

  /** Undoes the call that the time limit broke off, or does it to its end; nothing of what stands in this class has run. */
  breakOff({ verb, page, target, wasIsolated }: HandlerCall): void {
    if (verb === 'isolate' && wasIsolated) return;
    if (verb === 'isolate' || verb === 'putback') {
      if (this.#isIsolated(page)) this.#putBackForIt(page);
    } else if (verb === 'remap') this.#remapForIt(page, target);
    else if (verb === 'migrate' && this.pages.hasMapping(target)) this.pages.moveBuffers(page, target);
  }

  staysWhenOffline(page: Pfn): boolean {
    let answer: unknown;
    try {
      answer = this.handler.staysWhenOffline?.(page) ?? false;
    } catch (error) {
      throw this.#threw('staysWhenOffline', formatPfn(page), error);
    }
    if (answer === true || answer === false) return answer;
    throw this.#answered('staysWhenOffline', formatPfn(page), answer, 'must be true or false');
  }

  #isIsolated(page: Pfn): boolean {
    return (this.pages.flags(page) & PG_ISOLATED) !== 0;
  }

  #putBackForIt(page: Pfn): void {
    if ((this.pages.flags(page) & (PG_MOVABLE_OPS | PG_HUGE)) !== 0) this.pages.putbackToDriver(page);
    else this.pages.putbackToLru(page);
  }

  #note(error: unknown): void {
    this.breakage.error ??= error;
  }

  #checkCode(verb: Verb, page: Pfn, code: unknown): void {
    if (typeof code === 'number' && code > 0 && this.refusals[code] !== undefined) return;
    throw this.#answered(
      verb,
      formatPfn(page),
      code,
      'which its refusal table lacks; add { id, kind, because } at that index',
    );
  }

  #answered(verb: Verb, about: string, answer: unknown, because: string): VacateError {
    return new VacateError(
      'plugin',
      `plugin "${this.name}": ${verb} of ${about} answered ${shown(answer)}, ${because}`,
    );
  }

  #threw(verb: Verb, about: string, error: unknown): VacateError {
    if (VacateError.is(error)) return error;
    const why = error instanceof Error ? quoted(error.message).slice(1, -1) : shown(error);
    return new VacateError(
      'plugin',
      `plugin "${this.name}" threw in ${verb} of ${about} (${why}); a handler must not throw, leave it out or mend it`,
      { cause: error },
    );
  }
}

/** A value of a plugin's in an error message, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'object' && value !== null ? 'an object' : quoted(String(value)).slice(1, -1);
}
