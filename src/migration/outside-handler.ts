import type { VacateError } from '../base/vacate-error.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import type { RefusalCode } from '../handler/refusal.js';
import type { MigrateMode } from '../mm/migrate-mode.js';
import { PG_ISOLATED } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import type { HandlerCall } from './handler-call.js';
import type { OutsideView } from './outside-view.js';

/** A handler from outside, with every call of it written down. One that took too long is not called again. */
export class OutsideHandler implements PageTypeHandler {
  /** As the plugin has them. */
  readonly refusesSplit?: (head: Pfn) => RefusalCode;
  readonly dissolve?: (head: Pfn) => RefusalCode;
  readonly unmap?: (page: Pfn) => void;
  readonly remap?: (source: Pfn, target: Pfn) => void;
  readonly staysWhenOffline?: (page: Pfn) => boolean;
  #tooLong: VacateError | null = null;

  constructor(
    private readonly name: string,
    private readonly handler: PageTypeHandler,
    private readonly view: OutsideView,
    private readonly call: HandlerCall,
  ) {
    if (handler.refusesSplit !== undefined) this.refusesSplit = (head) => this.#ask('refusesSplit', head);
    if (handler.dissolve !== undefined) this.dissolve = (head) => this.#ask('dissolve', head);
    if (handler.unmap !== undefined) this.unmap = (page) => this.#unmap(page);
    if (handler.remap !== undefined) this.remap = (source, target) => this.#remap(source, target);
    if (handler.staysWhenOffline !== undefined) this.staysWhenOffline = (page) => this.#staysWhenOffline(page);
  }

  claims(flags: number): boolean {
    this.#expectFit();
    this.call.flags = flags;
    this.call.begin(this.name, 'claims');
    try {
      return this.handler.claims(flags);
    } finally {
      this.call.end();
    }
  }

  refuses(page: Pfn): RefusalCode {
    this.#expectFit();
    this.call.begin(this.name, 'refuses', page);
    try {
      return this.handler.refuses(page);
    } finally {
      this.call.end();
    }
  }

  references(page: Pfn): number {
    this.#expectFit();
    this.call.begin(this.name, 'references', page);
    try {
      return this.handler.references(page);
    } finally {
      this.call.end();
    }
  }

  isolate(page: Pfn): RefusalCode {
    this.#expectFit();
    this.call.wasIsolated = (this.view.flags(page) & PG_ISOLATED) !== 0;
    this.call.begin(this.name, 'isolate', page);
    try {
      return this.handler.isolate(page);
    } finally {
      this.call.end();
    }
  }

  migrate(source: Pfn, target: Pfn, mode: MigrateMode): RefusalCode {
    this.#expectFit();
    this.call.begin(this.name, 'migrate', source, target);
    try {
      return this.handler.migrate(source, target, mode);
    } finally {
      this.call.end();
    }
  }

  putback(page: Pfn): void {
    this.#expectFit();
    this.call.begin(this.name, 'putback', page);
    try {
      this.handler.putback(page);
    } finally {
      this.call.end();
    }
  }

  /** A verb that not every handler has. */
  #ask(verb: 'refusesSplit' | 'dissolve', head: Pfn): RefusalCode {
    this.#expectFit();
    this.call.begin(this.name, verb, head);
    try {
      return this.handler[verb]!(head);
    } finally {
      this.call.end();
    }
  }

  #staysWhenOffline(page: Pfn): boolean {
    this.#expectFit();
    this.call.begin(this.name, 'staysWhenOffline', page);
    try {
      return this.handler.staysWhenOffline!(page);
    } finally {
      this.call.end();
    }
  }

  #unmap(page: Pfn): void {
    this.#expectFit();
    this.call.begin(this.name, 'unmap', page);
    try {
      this.handler.unmap!(page);
    } finally {
      this.call.end();
    }
  }

  #remap(source: Pfn, target: Pfn): void {
    this.#expectFit();
    this.call.begin(this.name, 'remap', source, target);
    try {
      this.handler.remap!(source, target);
    } finally {
      this.call.end();
    }
  }

  /** From now on every verb throws this, and the handler is not asked. */
  dismiss(error: VacateError): void {
    this.#tooLong ??= error;
  }

  #expectFit(): void {
    if (this.#tooLong !== null) throw this.#tooLong;
    const { late } = this.view;
    if (late === null) return;
    this.view.late = null;
    throw late;
  }
}
