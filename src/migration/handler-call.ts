import { VacateError } from '../base/vacate-error.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import { formatPfn, NO_PAGE, type Pfn } from '../mm/units.js';

export type CalledVerb = keyof PageTypeHandler | 'create';

/**
 * Which handler from outside is being called just now, and about what. It is written down before each call, so that it
 * can still be read when the call never comes back.
 */
export class HandlerCall {
  plugin = '';
  /** Null while no handler from outside is being called. */
  verb: CalledVerb | null = null;
  /** The page that the handler was asked about; NO_PAGE if it was asked about flags. */
  page: Pfn = NO_PAGE;
  target: Pfn = NO_PAGE;
  flags = 0;
  /** True if the page was isolated when the call began. */
  wasIsolated = false;
  /** What the handler did that it must not; thrown when it returns, whatever it made of it itself. */
  breach: VacateError | null = null;

  begin(plugin: string, verb: CalledVerb, page: Pfn = NO_PAGE, target: Pfn = NO_PAGE): void {
    this.plugin = plugin;
    this.verb = verb;
    this.page = page;
    this.target = target;
    this.breach = null;
  }

  /** @throws VacateError kind 'plugin' for what the handler did in this call. */
  end(): void {
    const { breach } = this;
    this.verb = null;
    this.breach = null;
    if (breach !== null) throw breach;
  }

  /** "isolate of pfn:0x1a2b". */
  get about(): string {
    if (this.verb === 'create') return 'create';
    const what = this.verb === 'claims' ? `flags 0x${(this.flags >>> 0).toString(16)}` : formatPfn(this.page);
    return `${this.verb} of ${what}`;
  }

  tookTooLong(limitMs: number): VacateError {
    return new VacateError(
      'plugin',
      `plugin "${this.plugin}" took longer than ${limitMs} ms and was stopped in ${this.about}; mend it if it loops, leave it out, or give it more time (--plugin-time-limit, handlerTimeLimitMs)`,
    );
  }
}
