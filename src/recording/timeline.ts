import type { ChunkKind } from './chunk.js';
import type { CountersSnapshot, TimedRangeEvent } from './records.js';

/** A chunk of a run, and where it stands in it. */
export interface Item {
  readonly kind: ChunkKind;
  readonly payload: Uint8Array;
  /** Moments before it: each page event is one, and so is every other chunk. */
  readonly moment: number;
  readonly nrMoments: number;
  /** Page events before it. */
  readonly event: number;
  readonly nrEvents: number;
  /** Milliseconds since the run began; null for what has no time of its own. */
  readonly ms: number | null;
  /** What a chunk of JSON says. */
  readonly record: unknown;
}

/** A range event of a run. */
export interface RangeMoment extends TimedRangeEvent {
  /** Moments up to and with it. */
  readonly moment: number;
  /** Page events before it. */
  readonly pageEvents: number;
}

type NewItem = Pick<Item, 'kind' | 'payload' | 'nrEvents' | 'ms' | 'record'>;

/** The chunks of a run in order, found by moment, by event, and by time. */
export class Timeline {
  readonly items: Item[] = [];
  readonly rangeEvents: RangeMoment[] = [];
  /** Chunks of page events. */
  readonly batches: Item[] = [];
  readonly counters: Item[] = [];
  readonly #timed: Item[] = [];
  length = 0;
  nrEvents = 0;

  add(chunk: NewItem): Item {
    const nrMoments = chunk.nrEvents === 0 ? 1 : chunk.nrEvents;
    const item: Item = { ...chunk, moment: this.length, nrMoments, event: this.nrEvents };
    this.length += nrMoments;
    this.nrEvents += chunk.nrEvents;
    this.items.push(item);
    if (item.ms !== null) this.#timed.push(item);
    return item;
  }

  /** The item in which the moment after `moment` lies; the number of items at the end. */
  itemAt(moment: number): number {
    return lastAtMost(this.items, moment, (item) => item.moment);
  }

  /** The moment right after the page event of that number, counted from 1; 0 for 0. */
  momentOfEvent(event: number): number {
    if (event <= 0) return 0;
    const batch = this.batches[lastAtMost(this.batches, event - 1, (item) => item.event)];
    if (batch === undefined) return 0;
    return batch.moment + Math.min(event - batch.event, batch.nrEvents);
  }

  countersAt(moment: number): CountersSnapshot | null {
    const item = this.counters[lastAtMost(this.counters, moment - 1, ({ moment: at }) => at)];
    return (item?.record as CountersSnapshot | undefined) ?? null;
  }

  /** Milliseconds since the run began; between two chunks that say theirs, in proportion to the moments. */
  timeAt(moment: number): number {
    const at = lastAtMost(this.#timed, moment - 1, (item) => item.moment);
    const before = this.#timed[at];
    const after = this.#timed[at + 1];
    const from = before === undefined ? { moment: 0, ms: 0 } : { moment: before.moment + 1, ms: before.ms! };
    if (after === undefined || after.moment + 1 <= from.moment) return from.ms;
    const share = (moment - from.moment) / (after.moment + 1 - from.moment);
    return from.ms + Math.max(0, Math.min(1, share)) * Math.max(0, after.ms! - from.ms);
  }

  /** The last moment that is not later than so many milliseconds. */
  momentAt(ms: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.timeAt(middle) <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Index of the last of ascending items whose `keyOf` is at most `key`; -1 if there is none. */
export function lastAtMost<T>(items: readonly T[], key: number, keyOf: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(items[middle]!) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
