import type { MonoTypeOperatorFunction, OperatorFunction, Subscriber } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable';
import { filter } from 'rxjs/internal/operators/filter';
import { assert } from '../base/assert.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { codeOf, handlerOf, type PageEventBatch, WORDS_PER_EVENT } from './page-events.js';
import type { RangeEvent, RangeEventKind, RangeEventOf } from './range-events.js';

/** Why a page did not go, in words: an entry of a refusal table. */
export interface EventRefusal {
  readonly id: string;
  readonly kind: 'retry' | 'permanent';
  readonly because: string;
}

/** What it takes to read one handler's outcomes: its name, and its refusals by code with nothing at 0. */
export interface OutcomeTable {
  readonly name: string;
  readonly refusals: readonly (EventRefusal | null)[];
}

/**
 * What became of one page.
 *
 * @example
 * const table: OutcomeTable = { name: 'anonymous', refusals: [null] };
 * const went: PageEvent = { source: 4096, target: 512, handler: table.name, refusal: null };
 * const why = ({ refusal }: PageEvent): EventRefusal['id'] | null => refusal?.id ?? null;
 * why(went); // null
 */
export interface PageEvent {
  readonly source: Pfn;
  /** Null if it had no target when it was refused. */
  readonly target: Pfn | null;
  /** Name of the handler that moved or refused it. */
  readonly handler: string;
  /** Null if it moved. */
  readonly refusal: EventRefusal | null;
}

/**
 * Batches to an object per page, for those who want them. It costs what the ring saves, so it is here, with the
 * listener, and not where pages move. `tables` are in the order of the handlers, the shared refusals first.
 *
 * @example
 * const { tables } = evacuator.service.handlers;
 * evacuator.pages$.pipe(decodeBatch(tables)).subscribe(({ source, target }) => console.log(source, target));
 */
export function decodeBatch(tables: readonly OutcomeTable[]): OperatorFunction<PageEventBatch, PageEvent> {
  return (batches$) =>
    new Observable((subscriber) =>
      batches$.subscribe({
        next: (batch) => {
          try {
            decodeInto(subscriber, tables, batch);
          } catch (error) {
            subscriber.error(error);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

/** Stops in the middle of a batch when the listener has what it wanted (`take`, `first`). */
function decodeInto(subscriber: Subscriber<PageEvent>, tables: readonly OutcomeTable[], batch: PageEventBatch): void {
  const { words, nrEvents } = batch;
  for (let event = 0; event < nrEvents && !subscriber.closed; event++) {
    const at = event * WORDS_PER_EVENT;
    const target = words[at + 1]!;
    const outcome = words[at + 2]!;
    const code = codeOf(outcome);
    const table = tables[handlerOf(outcome)];
    assert(table !== undefined, `handler ${handlerOf(outcome)} has an outcome table`);
    const refusal = code === 0 ? null : table.refusals[code];
    assert(refusal !== undefined, `refusal ${code} is in the table of ${table.name}`);
    subscriber.next({ source: words[at]!, target: target === NO_PAGE ? null : target, handler: table.name, refusal });
  }
}

/**
 * Only pages that did not go.
 *
 * @example
 * const decoded = evacuator.pages$.pipe(decodeBatch(evacuator.service.handlers.tables));
 * decoded.pipe(refusalsOnly()).subscribe(({ source, refusal }) => console.log(source, refusal.id));
 */
export function refusalsOnly(): OperatorFunction<PageEvent, PageEvent & { readonly refusal: EventRefusal }> {
  return filter((event): event is PageEvent & { readonly refusal: EventRefusal } => event.refusal !== null);
}

/**
 * Only pages that went.
 *
 * @example
 * const decoded = evacuator.pages$.pipe(decodeBatch(evacuator.service.handlers.tables));
 * decoded.pipe(migratedOnly()).subscribe(({ source, target }) => console.log(source, target));
 */
export function migratedOnly(): OperatorFunction<PageEvent, PageEvent & { readonly refusal: null }> {
  return filter((event): event is PageEvent & { readonly refusal: null } => event.refusal === null);
}

/**
 * Only pages of one handler, by its name.
 *
 * @example
 * const decoded = evacuator.pages$.pipe(decodeBatch(evacuator.service.handlers.tables));
 * decoded.pipe(ofHandler('anonymous')).subscribe(({ source }) => console.log(source));
 */
export function ofHandler(name: string): MonoTypeOperatorFunction<PageEvent> {
  return filter((event) => event.handler === name);
}

/**
 * Only range events of the given kinds, with their type narrowed.
 *
 * @example
 * evacuator.ranges$.pipe(ofKind('block-state')).subscribe(({ block, state }) => console.log(block, state));
 */
export function ofKind<K extends RangeEventKind>(
  ...kinds: readonly K[]
): OperatorFunction<RangeEvent, RangeEventOf<K>> {
  return filter((event): event is RangeEventOf<K> => (kinds as readonly RangeEventKind[]).includes(event.kind));
}
