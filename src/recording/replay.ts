import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import type { Chunk } from './chunk.js';
import { hashOfPages } from './page-hash.js';
import {
  eventsOfPage,
  outcomeText,
  type PageMoment,
  type PageRefusal,
  pageMomentOf,
  pagesRefused,
} from './page-history.js';
import type { CountersSnapshot, RecordingEnd, RecordingHeader } from './records.js';
import { Stage, type StageOptions } from './stage.js';
import { takeChunk } from './take-chunk.js';
import { type Item, lastAtMost, type RangeMoment, Timeline } from './timeline.js';

/** Refusals of one reason up to where a replay stands. */
export interface RefusalTotal {
  readonly handler: string;
  readonly reason: string;
  readonly kind: 'retry' | 'permanent';
  readonly because: string;
  readonly pages: number;
}

/**
 * A recorded run, to be stepped through in both directions. It is fed chunks in their order, as far as they have come,
 * and shows memory as it was at one moment of the run. A moment is one page event, or one other chunk.
 *
 * It needs what the chunks need as they are fed, a byte a page, and what `StageOptions` allow for going back.
 *
 * @example
 * const options: StageOptions = { undoBytesMax: 2 ** 20 };
 * const replay = new Replay(options);
 * for (const chunk of chunks) replay.feed(chunk);
 * replay.seekFraction(0.5);
 * const { name }: Partial<RecordedMachine> = replay.header?.machine ?? {};
 * const last: PageMoment | null = replay.lastEvent;
 * console.log(name, replay.pagesMigrated, last && formatPfn(last.source), replay.takeChanged().length);
 */
export class Replay {
  readonly #timeline = new Timeline();
  readonly #options: StageOptions;
  #header: RecordingHeader | null = null;
  #stage: Stage | null = null;
  #end: RecordingEnd | null = null;

  constructor(options: StageOptions = {}) {
    this.#options = options;
  }

  /**
   * Takes the next chunk of the run. Nothing moves: the replay stands where it stood.
   *
   * @throws VacateError kind 'recording', with nothing changed, for a chunk that no recorder writes there.
   */
  feed(chunk: Chunk): void {
    const taken = takeChunk(chunk, this.#header, this.#stage, this.#timeline, this.#end);
    if (taken.header !== undefined) {
      this.#header = taken.header;
      this.#stage = new Stage(taken.header.machine, this.#timeline, this.#options);
    }
    if (taken.end !== undefined) this.#end = taken.end;
  }

  /** What was done on which machine; null before the first chunk. */
  get header(): RecordingHeader | null {
    return this.#header;
  }

  /** How the run ended; null while it has not, or if its recording was cut off. */
  get end(): RecordingEnd | null {
    return this.#end;
  }

  /** True when every page is known as it was in the beginning; there is nothing to be shown before. */
  get isReady(): boolean {
    return this.#stage?.isSet === true;
  }

  /** A byte for each page (picture/page-bytes.ts), as it was at this moment; always the same array. */
  get pages(): Uint8Array {
    return this.#stage?.pages ?? new Uint8Array(0);
  }

  /** BLOCK_* by memory block. */
  get blockStates(): Uint8Array {
    return this.#stage?.blocks.states ?? new Uint8Array(0);
  }

  /** MIGRATE_* by pageblock; null where nobody knows. */
  get migratetypes(): Uint8Array | null {
    return this.#stage?.blocks.migratetypes ?? null;
  }

  /** Moments that have passed, 0 to `length`. */
  get moment(): number {
    return this.#stage?.moment ?? 0;
  }

  /** Moments there are so far. */
  get length(): number {
    return this.#timeline.length;
  }

  /** Page events that have passed. */
  get event(): number {
    return this.#stage?.event ?? 0;
  }

  /** Page events there are so far. */
  get nrEvents(): number {
    return this.#timeline.nrEvents;
  }

  /** Milliseconds since the run began, at this moment. */
  get ms(): number {
    return this.#timeline.timeAt(this.moment);
  }

  /** Milliseconds that the run has taken so far. */
  get msTotal(): number {
    return this.#timeline.timeAt(this.length);
  }

  /** All range events there are so far, those to come too. */
  get rangeEvents(): readonly RangeMoment[] {
    return this.#timeline.rangeEvents;
  }

  /** The range events that have passed: so many of `rangeEvents`. */
  get nrRangeEventsPassed(): number {
    return lastAtMost(this.rangeEvents, this.moment, ({ moment }) => moment) + 1;
  }

  /** The counters of this moment, at most a tenth of a second old; null before the first. */
  get counters(): CountersSnapshot | null {
    return this.#timeline.countersAt(this.moment);
  }

  /** All counters there are so far, for charts. */
  countersSeries(): CountersSnapshot[] {
    return this.#timeline.counters.map(({ record }) => record as CountersSnapshot);
  }

  /** Pages that have moved up to this moment: exactly, by their events; by the host's last sum, where no event told. */
  get pagesMigrated(): number {
    return Math.max(this.#stage?.tally.migrated ?? 0, this.counters?.migrated ?? 0);
  }

  /** Refusals up to this moment, exactly; the reason of most pages first. */
  get refusals(): RefusalTotal[] {
    const outcomes = this.#stage?.tally.refused ?? new Map<number, number>();
    return [...outcomes]
      .filter(([, pages]) => pages > 0)
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([outcome, pages]) => ({ ...outcomeText(this.#header!.outcomes, outcome), pages }));
  }

  /** The page event that has passed last; null before the first. */
  get lastEvent(): PageMoment | null {
    return this.event === 0 ? null : pageMomentOf(this.#timeline, this.#header!, this.event);
  }

  /** Goes to a moment, from wherever it stands; beyond an end it goes to that end. Nothing before it `isReady`. */
  seek(moment: number): void {
    this.#stage?.seek(Math.max(0, Math.min(this.length, Math.floor(moment) || 0)));
  }

  /** Goes right behind a page event, by its number from 1; 0 is the beginning. */
  seekEvent(event: number): void {
    this.seek(this.#timeline.momentOfEvent(Math.max(0, Math.min(this.nrEvents, event))));
  }

  /** Goes right behind a range event, by its number from 1. */
  seekRangeEvent(number: number): void {
    this.seek(number < 1 ? 0 : (this.rangeEvents[number - 1]?.moment ?? this.length));
  }

  /** Goes to a part of the run, 0 to 1. */
  seekFraction(fraction: number): void {
    this.seek(Math.round(this.length * fraction));
  }

  /** Goes to where the run stood after so many milliseconds. */
  seekTime(ms: number): void {
    this.seek(this.#timeline.momentAt(ms));
  }

  /** So many page events forward, or back if that is negative. */
  stepEvents(nr: number): void {
    const to = this.event + nr;
    if (to > this.nrEvents) this.seek(this.length);
    else this.seekEvent(to);
  }

  /** To the end of this batch of page events or the next; back to where this one or the last began. */
  stepBatch(direction: 1 | -1): void {
    const { batches } = this.#timeline;
    if (direction === 1) {
      const next = batches[lastAtMost(batches, this.moment, endOf) + 1];
      this.seek(next === undefined ? this.length : endOf(next));
    } else this.seek(batches[lastAtMost(batches, this.moment - 1, ({ moment }) => moment)]?.moment ?? 0);
  }

  /** Right behind the next range event, or behind the one before the last. */
  stepRangeEvent(direction: 1 | -1): void {
    const passed = this.nrRangeEventsPassed;
    const isRightBehind = passed > 0 && this.rangeEvents[passed - 1]!.moment === this.moment;
    if (direction === 1) this.seekRangeEvent(passed + 1);
    else this.seekRangeEvent(isRightBehind ? passed - 1 : passed);
  }

  /** Pages that may look different since the last call, blocks that changed included; ascending ranges. */
  takeChanged(): PfnRange[] {
    return this.#stage?.takeChanged() ?? [];
  }

  /** What became of a page in the whole run so far: each event that names it, `most` at most. */
  eventsOf(pfn: Pfn, most = 1000): PageMoment[] {
    return this.#header === null ? [] : eventsOfPage(this.#timeline, this.#header, pfn, most);
  }

  /** Pages that stand refused for a reason at this moment: none of them has moved since, or was refused for another. */
  refusedFor(why: Pick<PageRefusal, 'handler' | 'reason'>): Set<Pfn> {
    return this.#header === null ? new Set() : pagesRefused(this.#timeline, this.#header, why, this.event);
  }

  /** FNV-1a of the page bytes at this moment; at the end of a whole run it is `end.hash`. */
  hash(): string {
    return hashOfPages(this.pages);
  }
}

function endOf({ moment, nrMoments }: Item): number {
  return moment + nrMoments;
}
