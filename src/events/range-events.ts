import type { Observable } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { BlockState } from '../mm/memory-block.js';
import type { MigrateMode } from '../mm/migrate-mode.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';
import { guarded, type ListenerErrorHandler } from './guarded-observable.js';
import { ListenerErrors } from './listener-errors.js';

/** Who asked for the run. */
export type FrontEnd = 'high-order' | 'offline' | 'reclaim';

/** How a run ends: as a whole, in part, not at all, on an error, or by the user's will. */
export type RunOutcome = 'done' | 'partial' | 'refused' | 'failed' | 'interrupted';

/** What happens to ranges and blocks, rare enough for an object each. */
export type RangeEvent =
  | {
      readonly kind: 'run-started';
      readonly frontEnd: FrontEnd;
      readonly strategy: string;
      readonly ranges: readonly PfnRange[];
    }
  | { readonly kind: 'range-isolated'; readonly range: PfnRange }
  | { readonly kind: 'range-isolation-undone'; readonly range: PfnRange }
  /** One sweep over the pages that are left, `pages` of them. */
  | { readonly kind: 'pass-started'; readonly pass: number; readonly mode: MigrateMode; readonly pages: number }
  | { readonly kind: 'block-state'; readonly block: BlockId; readonly state: BlockState }
  /** What is in use of a block that a kernel empties, as it was seen; events of single pages tell more where there are any. */
  | { readonly kind: 'pages-left'; readonly block: BlockId; readonly pages: number }
  /** A free block of a high order came into being. */
  | { readonly kind: 'block-made'; readonly range: PfnRange }
  /** A range was given up on; `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly range: PfnRange; readonly reason: string }
  | { readonly kind: 'run-finished'; readonly outcome: RunOutcome };

/** What a range event can be about. */
export type RangeEventKind = RangeEvent['kind'];
/**
 * The range event of one kind.
 *
 * @example
 * const frontEnd: FrontEnd = 'offline';
 * const ranges = [rangeOf(8192, 1024)];
 * const begun: RangeEventOf<'run-started'> = { kind: 'run-started', frontEnd, strategy: 'merged', ranges };
 */
export type RangeEventOf<K extends RangeEventKind> = Extract<RangeEvent, { readonly kind: K }>;

/** Who hears of the errors of listeners. */
export interface RangeEventsOptions {
  /** Told of every error that a listener let escape; without it they are only counted. */
  readonly onListenerError?: ListenerErrorHandler;
}

/**
 * Announces what strategies do with ranges, one by one and in order.
 *
 * @example
 * const options: RangeEventsOptions = { onListenerError: (error) => console.error(error) };
 * const events = new RangeEvents(options);
 * const kinds: RangeEventKind[] = [];
 * events.events$.subscribe((event: RangeEvent) => kinds.push(event.kind));
 * const outcome: RunOutcome = 'done';
 * events.emit({ kind: 'run-finished', outcome });
 * kinds; // ["run-finished"]
 */
export class RangeEvents {
  readonly events$: Observable<RangeEvent>;
  readonly #subject = new Subject<RangeEvent>();
  readonly #errors: ListenerErrors;

  constructor(options: RangeEventsOptions = {}) {
    this.#errors = new ListenerErrors(options.onListenerError ?? null);
    this.events$ = guarded(this.#subject, this.#errors.report);
  }

  /** Errors that listeners let escape. */
  get listenerErrors(): number {
    return this.#errors.nrErrors;
  }

  /** Tells all listeners, at once. */
  emit(event: RangeEvent): void {
    this.#subject.next(event);
  }

  /** Completes the stream. */
  close(): void {
    this.#subject.complete();
  }
}
