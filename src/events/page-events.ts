import type { Observable } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import { assert } from '../base/assert.js';
import type { Pfn } from '../mm/units.js';
import { guarded, type ListenerErrorHandler } from './guarded-observable.js';
import { ListenerErrors } from './listener-errors.js';

/**
 * What became of one page, in 16 bits:  [ handler:8 | refusal code:8 ]. Code 0 is "migrated", so that the handler is
 * known in both cases. Handler 0 is the service itself, with the refusals that all page types share.
 *
 * @example
 * const outcome: Outcome = outcomeOf(2, 7);
 * [handlerOf(outcome), codeOf(outcome), Number(outcome < NR_OUTCOMES)]; // [2,7,1]
 */
export type Outcome = number;

/** Outcomes that there can be; tables by outcome are as long. */
export const NR_OUTCOMES = 1 << 16;

/** The outcome of a page: who had it, by its number in the table of handlers, and what it said. */
export function outcomeOf(handler: number, code: number): Outcome {
  return (handler << 8) | code;
}

/** Whose outcome it is: an index into the table of handlers. */
export function handlerOf(outcome: Outcome): number {
  return outcome >>> 8;
}

/** 0 is migrated; any other value indexes the handler's refusal table. */
export function codeOf(outcome: Outcome): number {
  return outcome & 0xff;
}

/** A page's record in the ring:  [ source pfn | target pfn or NO_PAGE | outcome ]. */
export const WORDS_PER_EVENT = 3;

/** Records between two deliveries: small enough to stay in a cache, large enough that a delivery costs nothing. */
export const DEFAULT_RING_EVENTS = 4096;

/**
 * Records of `nrEvents` pages. A window on the ring: valid while it is delivered, so copy what must stay.
 *
 * @example
 * const sourcesOf = ({ words, nrEvents }: PageEventBatch) =>
 *   Array.from({ length: nrEvents }, (_, event) => words[event * WORDS_PER_EVENT]);
 * evacuator.pages$.subscribe((batch) => console.log(sourcesOf(batch)));
 */
export interface PageEventBatch {
  /** `nrEvents * WORDS_PER_EVENT` words. */
  readonly words: Uint32Array;
  readonly nrEvents: number;
}

/**
 * Where a total stands in `PageEvents.totals`.
 *
 * @example
 * runToEnd(evacuator.offline({ blocks: [8] }));
 * const { totals } = evacuator.counters;
 * console.log(`${totals[TOTAL_MIGRATED]} moved, ${totals[TOTAL_REFUSED]} refused, ${totals[TOTAL_RETRIED]} retried`);
 * [totals[TOTAL_BATCHES], totals[TOTAL_EVENTS]]; // [0,0]
 */
export const TOTAL_MIGRATED = 0;
/** Pages given up on, for whatever reason; `PageEvents.refused` has them by outcome. */
export const TOTAL_REFUSED = 1;
/** Times that a page was tried again. */
export const TOTAL_RETRIED = 2;
/** Batches delivered. */
export const TOTAL_BATCHES = 3;
/** Events delivered in them. */
export const TOTAL_EVENTS = 4;
const NR_TOTALS = 5;

/** How much is kept for listeners, and who hears of their errors. */
export interface PageEventsOptions {
  /** Records that the ring holds. */
  readonly ringEvents?: number;
  /** Told of every error that a listener let escape; without it they are only counted. */
  readonly onListenerError?: ListenerErrorHandler;
}

/**
 * What happens to single pages, in two parts. Counters are always on. The ring is written only while somebody
 * listens, which is asked once per batch of pages: a run that nobody watches pays one branch per batch.
 *
 *     const heard = events.begin();
 *     for (...) if (heard) events.record(source, target, outcome);
 *     events.flush();
 *
 * Observables announce, they never steer: a listener that begins a batch of its own from within a delivery is a bug.
 *
 * @example
 * const onListenerError: ListenerErrorHandler = (error) => console.error(error);
 * const options: PageEventsOptions = { ringEvents: DEFAULT_RING_EVENTS, onListenerError };
 * const events = new PageEvents(options);
 * events.countMigrated(512);
 * events.totals[TOTAL_MIGRATED]; // 512
 */
export class PageEvents {
  /** Batches as they fill. Whoever throws here is unsubscribed and hurts nobody else. */
  readonly batches$: Observable<PageEventBatch>;
  /** Running sums, indexed by TOTAL_*. Like the kernel's vmstat they wrap at 2^32. */
  readonly totals = new Uint32Array(NR_TOTALS);
  /** Pages refused, indexed by outcome. */
  readonly refused = new Uint32Array(NR_OUTCOMES);

  readonly #ring: Uint32Array;
  readonly #subject = new Subject<PageEventBatch>();
  readonly #errors: ListenerErrors;
  #nrWords = 0;
  #heard = false;
  #delivering = false;

  constructor(options: PageEventsOptions = {}) {
    const { ringEvents = DEFAULT_RING_EVENTS, onListenerError = null } = options;
    assert(Number.isSafeInteger(ringEvents) && ringEvents > 0, 'a ring holds at least one event');
    this.#ring = new Uint32Array(ringEvents * WORDS_PER_EVENT);
    this.#errors = new ListenerErrors(onListenerError);
    this.batches$ = guarded(this.#subject, this.#errors.report);
  }

  /** Errors that listeners let escape. */
  get listenerErrors(): number {
    return this.#errors.nrErrors;
  }

  /** True while listeners are told: whatever they do now must not begin a batch. */
  get isDelivering(): boolean {
    return this.#delivering;
  }

  /** A batch of pages begins: does anybody listen? The answer holds until the next `begin`. */
  begin(): boolean {
    assert(
      !this.#delivering,
      'a listener must not migrate pages: it is told of them, and its batch is still in the ring',
    );
    if (this.#nrWords > 0) this.flush(); // a run that broke off left them; they did happen
    this.#heard = this.#subject.observed;
    return this.#heard;
  }

  /** Writes down what became of one page. Allocates nothing; delivers when the ring is full. */
  record(source: Pfn, target: Pfn, outcome: Outcome): void {
    if (!this.#heard) return;
    const ring = this.#ring;
    const at = this.#nrWords;
    ring[at] = source;
    ring[at + 1] = target;
    ring[at + 2] = outcome;
    this.#nrWords = at + WORDS_PER_EVENT;
    if (at + WORDS_PER_EVENT === ring.length) this.flush();
  }

  /** The same of pages [from, to) that have all moved with the same outcome, `sources[i]` to `targets[i]`. */
  recordMoved(sources: Uint32Array, targets: Uint32Array, from: number, to: number, outcome: Outcome): void {
    if (!this.#heard) return;
    const ring = this.#ring;
    for (let page = from; page < to; ) {
      let at = this.#nrWords;
      const end = Math.min(to, page + (ring.length - at) / WORDS_PER_EVENT);
      for (; page < end; page++, at += WORDS_PER_EVENT) {
        ring[at] = sources[page]!;
        ring[at + 1] = targets[page]!;
        ring[at + 2] = outcome;
      }
      this.#nrWords = at;
      if (at === ring.length) this.flush();
    }
  }

  /** Delivers what the ring holds; a batch of pages ends with it. */
  flush(): void {
    const nrWords = this.#nrWords;
    if (nrWords === 0) return;
    assert(!this.#delivering, 'a listener must not flush the ring that it is reading');
    this.#nrWords = 0;
    if (!this.#subject.observed) return; // the last listener has left since `begin`
    const nrEvents = nrWords / WORDS_PER_EVENT;
    const totals = this.totals;
    totals[TOTAL_BATCHES]! += 1;
    totals[TOTAL_EVENTS]! += nrEvents;
    this.#delivering = true;
    try {
      this.#subject.next({ words: this.#ring.subarray(0, nrWords), nrEvents });
    } finally {
      this.#delivering = false;
    }
  }

  /** Counts pages that have moved. */
  countMigrated(nrPages: number): void {
    this.totals[TOTAL_MIGRATED]! += nrPages;
  }

  /** A page that was tried in vain and is tried again later is not refused yet: see `countRetried`. */
  countRefused(outcome: Outcome, nrPages: number): void {
    this.totals[TOTAL_REFUSED]! += nrPages;
    this.refused[outcome]! += nrPages;
  }

  /** Counts pages that are tried again. */
  countRetried(nrPages: number): void {
    this.totals[TOTAL_RETRIED]! += nrPages;
  }

  /** Delivers what is left and completes the Observable. Counting goes on; recording has no listeners any more. */
  close(): void {
    this.flush();
    this.#heard = false;
    this.#subject.complete();
  }
}
