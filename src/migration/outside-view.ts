import { VacateError } from '../base/vacate-error.js';
import { EAGAIN, type MovableOperations } from '../handler/movable-operations.js';
import type { PageEntries } from '../handler/page-entries.js';
import type { HugePool, PageView } from '../handler/page-view.js';
import type { RefusalCode } from '../handler/refusal.js';
import { formatPfn, type Pfn } from '../mm/units.js';
import type { CalledVerb, HandlerCall } from './handler-call.js';
import type { TimeLimit } from './time-limit.js';

type ViewVerb = keyof PageView | 'dissolve' | 'unmap' | 'remap' | Exclude<keyof MovableOperations, 'driver'>;

/** Verbs that only look. */
const LOOKING: ReadonlySet<CalledVerb> = new Set<CalledVerb>([
  'create',
  'claims',
  'refuses',
  'references',
  'refusesSplit',
  'staysWhenOffline',
]);

/**
 * The pages, as a handler from outside sees them: it may look at any, and change only those that it is asked about, in
 * the verbs that are there for it, while it has time. Whatever else it tries changes nothing.
 */
export class OutsideView implements PageView {
  /** What it tried while nobody had called it, from a timer perhaps; held against it at the next call. */
  late: VacateError | null = null;
  readonly hugePool?: HugePool;
  readonly entries?: PageEntries;
  readonly longtermPinned?: (pfn: Pfn) => boolean;
  readonly movableOps?: (pfn: Pfn) => MovableOperations | null;
  /** Callbacks by driver, each as the handler may use them. */
  readonly #drivers = new Map<MovableOperations, MovableOperations>();

  constructor(
    private readonly name: string,
    private readonly pages: PageView,
    private readonly call: HandlerCall,
    private readonly limit: TimeLimit,
    private readonly dismiss: (error: VacateError) => void,
  ) {
    const { entries, hugePool: pool } = pages;
    if (pages.longtermPinned !== undefined) this.longtermPinned = (pfn) => pages.longtermPinned!(pfn);
    if (pages.movableOps !== undefined)
      this.movableOps = (pfn) => {
        const operations = pages.movableOps!(pfn);
        return operations === null ? null : this.#guarded(operations);
      };
    if (entries !== undefined)
      this.entries = {
        nextVma: (pfn, vma) => entries.nextVma(pfn, vma),
        isNonlinear: (vma) => entries.isNonlinear(vma),
        nrPages: (vma) => entries.nrPages(vma),
        unmap: (pfn, vma, at) => this.#may('unmap', pfn) && entries.unmap(pfn, vma, at),
        remap: (source, target, vma, at) =>
          this.#may('remap', source, target) && entries.remap(source, target, vma, at),
      };
    if (pool !== undefined)
      this.hugePool = {
        owns: (pfn) => pool.owns(pfn),
        isGigantic: (pfn) => pool.isGigantic(pfn),
        available: (pfn) => pool.available(pfn),
        hasTarget: (pfn) => pool.hasTarget(pfn),
        dissolve: (head, kept) => (this.#may('dissolve', head) ? pool.dissolve(head, kept) : kept),
      };
  }

  #guarded(operations: MovableOperations): MovableOperations {
    let guarded = this.#drivers.get(operations);
    if (guarded !== undefined) return guarded;
    guarded = {
      driver: operations.driver,
      isolatePage: (page) => this.#may('isolatePage', page) && operations.isolatePage(page),
      migratePage: (target, source, mode) =>
        this.#may('migratePage', source, target) ? operations.migratePage(target, source, mode) : EAGAIN,
      putbackPage: (page) => {
        if (this.#may('putbackPage', page)) operations.putbackPage(page);
      },
    };
    this.#drivers.set(operations, guarded);
    return guarded;
  }

  flags(pfn: Pfn): number {
    return this.pages.flags(pfn);
  }

  count(pfn: Pfn): number {
    return this.pages.count(pfn);
  }

  mapcount(pfn: Pfn): number {
    return this.pages.mapcount(pfn);
  }

  inCache(pfn: Pfn): boolean {
    return this.pages.inCache(pfn);
  }

  swapSlot(pfn: Pfn): number {
    return this.pages.swapSlot(pfn);
  }

  hasMapping(pfn: Pfn): boolean {
    return this.pages.hasMapping(pfn);
  }

  hasNonlinearMappings(pfn: Pfn): boolean {
    return this.pages.hasNonlinearMappings(pfn);
  }

  isolateFromLru(pfn: Pfn, notOnLru: RefusalCode): RefusalCode {
    return this.#may('isolateFromLru', pfn) ? this.pages.isolateFromLru(pfn, notOnLru) : notOnLru;
  }

  putbackToLru(pfn: Pfn): void {
    if (this.#may('putbackToLru', pfn)) this.pages.putbackToLru(pfn);
  }

  isolateFromDriver(pfn: Pfn, letGo: RefusalCode): RefusalCode {
    return this.#may('isolateFromDriver', pfn) ? this.pages.isolateFromDriver(pfn, letGo) : letGo;
  }

  putbackToDriver(pfn: Pfn): void {
    if (this.#may('putbackToDriver', pfn)) this.pages.putbackToDriver(pfn);
  }

  moveSlot(source: Pfn, target: Pfn): boolean {
    return this.#may('moveSlot', source, target) && this.pages.moveSlot(source, target);
  }

  moveBuffers(source: Pfn, target: Pfn): void {
    if (this.#may('moveBuffers', source, target)) this.pages.moveBuffers(source, target);
  }

  /**
   * False if nobody has called it.
   *
   * @throws VacateError kind 'plugin' if it may not.
   */
  #may(verb: ViewVerb, page: Pfn, target: Pfn | null = null): boolean {
    const { call, limit } = this;
    if (call.verb === null || call.plugin !== this.name) {
      this.late ??= this.#forbidden(verb, page, 'while nobody was calling it; a handler acts only when it is called');
      return false;
    }
    if (call.breach === null && limit.isOver()) {
      call.breach = call.tookTooLong(limit.limitMs);
      this.dismiss(call.breach);
    }
    if (LOOKING.has(call.verb))
      call.breach ??= this.#forbidden(
        verb,
        page,
        `in ${call.about}; there it may only look, pages are changed in isolate, migrate and putback`,
      );
    else if (page !== call.page || (target !== null && target !== call.target))
      call.breach ??= this.#forbidden(
        verb,
        page,
        `in ${call.about}; it may change no page but the one it is called for`,
      );
    if (call.breach !== null) throw call.breach;
    return true;
  }

  #forbidden(verb: ViewVerb, page: Pfn, because: string): VacateError {
    return new VacateError('plugin', `plugin "${this.name}" called ${verb} of ${formatPfn(page)} ${because}`);
  }
}
