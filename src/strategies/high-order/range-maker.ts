import type { RangeEvents } from '../../events/range-events.js';
import type { MigrationReport, RefusalCount } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { type PfnRange, rangeOf } from '../../mm/pfn-range.js';
import { formatPages, type Order } from '../../mm/units.js';
import { evacuate } from '../evacuate.js';
import { nrNotFree } from '../pages-in-use.js';
import type { Job } from '../strategy.js';

/**
 * Free pages that evacuation may use up, zone by zone: those of blocks that are whole already do not count, for breaking
 * one block to make another gains nothing.
 */
export function roomInFragments({ host }: MigrationService, order: Order): number {
  const size = 2 ** order;
  const fragments = host.layout.zones.map((zone) => {
    let pages = 0;
    for (let start = zone.start; start < zone.end; ) {
      const end = Math.min(zone.end, start - (start % size) + size);
      const free = end - start - nrNotFree(host, start, end);
      if (free < size) pages += free;
      start = end;
    }
    return pages;
  });
  const { byZone } = host.roomOutside([]);
  return byZone.reduce((sum, room, zone) => sum + Math.min(room, fragments[zone]!), 0);
}

/** Makes free ranges of one order: isolates them, empties them, and holds them until all that were wanted are there. */
export class RangeMaker {
  readonly made: PfnRange[] = [];
  readonly reports: MigrationReport[] = [];
  /** Pages that it may still use up, see `roomInFragments`. */
  room: number;
  /** Ranges that were passed over in this round, because pages had just moved there. */
  passedOver = 0;
  #isolated: PfnRange[] = [];
  /** 1 for a range, by number, to which pages have moved in this run. */
  readonly #landed: Uint8Array;
  /** Ranges that failed in this round. */
  readonly #tried = new Set<number>();

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly order: Order,
  ) {
    this.room = roomInFragments(service, order);
    this.#landed = new Uint8Array(Math.ceil(service.host.layout.nrPfns / 2 ** order));
  }

  /** A chosen range needs room for its pages in use, and takes its free ones away from the others: its size in all. */
  get isOutOfRoom(): boolean {
    return this.room < 2 ** this.order;
  }

  /** Pages that would have to become free elsewhere for one more range. */
  get pagesWithoutRoom(): number {
    return Math.max(0, 2 ** this.order - roomInFragments(this.service, this.order));
  }

  /**
   * The next candidates, as many as are wanted and have room for their pages elsewhere. One in which a page of an earlier
   * round has landed is passed over: that page would have to move twice.
   */
  choose(candidates: Uint32Array, from: number, wanted: number): { ranges: PfnRange[]; next: number } {
    const size = 2 ** this.order;
    const ranges: PfnRange[] = [];
    let next = from;
    for (; next < candidates.length && ranges.length < wanted && !this.isOutOfRoom; next++) {
      const range = rangeOf(candidates[next]! * size, size);
      if (this.book(range)) ranges.push(range);
    }
    return { ranges, next };
  }

  /** Reckons a range's room and isolates it, as long as what was just looked at is at hand; unless a page has landed in it. */
  book(range: PfnRange): boolean {
    if (this.#landed[range.start >>> this.order] === 1) {
      this.passedOver++;
      return false;
    }
    this.room -= 2 ** this.order;
    this.service.host.isolateRange(range);
    this.#isolated.push(range);
    this.events.emit({ kind: 'range-isolated', range });
    return true;
  }

  /** True for a range that failed in this round. */
  hasTried(range: PfnRange): boolean {
    return this.#tried.has(range.start);
  }

  /** Time has gone by, or memory was made free: what failed may be chosen again. */
  beginRound(): void {
    this.passedOver = 0;
    this.#tried.clear();
    this.room = roomInFragments(this.service, this.order);
  }

  /** Empties ranges that are booked. */
  *makeFree(ranges: readonly PfnRange[]): Job<void> {
    const { host } = this.service;
    const ascending = [...ranges].sort((a, b) => a.start - b.start);
    const report = yield* evacuate(this.service, ascending, this.order);
    this.reports.push(report);
    this.#noteLanded(report.targets);
    host.drain();
    for (const range of ascending) {
      if (nrNotFree(host, range.start, range.end) === 0) {
        this.made.push(range);
        this.events.emit({ kind: 'block-made', range });
      } else this.events.emit({ kind: 'refused', range, reason: 'some of its pages stayed' });
    }
  }

  #noteLanded(targets: Uint32Array): void {
    const landed = this.#landed;
    const { order } = this;
    for (let i = 0; i < targets.length; i++) landed[targets[i]! >>> order] = 1;
  }

  /** Gives back the ranges that could not be emptied, so that their free pages serve again. */
  giveUpFailed(): void {
    const made = new Set(this.made);
    const failed = this.#isolated.filter((range) => !made.has(range));
    for (const range of failed) {
      this.#giveBack(range);
      this.#tried.add(range.start);
      this.room += 2 ** this.order;
    }
    this.#isolated = this.#isolated.filter((range) => made.has(range));
  }

  #giveBack(range: PfnRange): void {
    this.service.host.undoIsolateRange(range);
    this.events.emit({ kind: 'range-isolation-undone', range });
  }

  /** Gives every range back to the allocator: the free ones as blocks of the order that was asked for. */
  release(): void {
    for (const range of this.#isolated) this.#giveBack(range);
    this.#isolated = [];
  }

  /**
   * Why fewer were made than asked for, if so and if no page says it. `nextCost` is that of the first range that was not
   * tried, null if all were.
   */
  shortage(nextCost: number | null, wanted: number): RefusalCount[] {
    const missing = wanted - this.made.length;
    if (missing <= 0) return [];
    return [nextCost === null ? this.#noCandidates(missing) : this.#noRoom(nextCost)];
  }

  #noRoom(cost: number): RefusalCount {
    const outside = Math.max(0, this.room - (2 ** this.order - cost));
    const missing = cost - outside;
    const lessen = this.made.length > 0 ? ` or ask for ${this.made.length}` : '';
    const because =
      `the next range has ${cost} pages to move and ${outside} free pages lie in fragments outside it: ` +
      `${missing} (${formatPages(missing)}) are missing; free that much${lessen}`;
    return { handler: 'core', reason: 'no-room', kind: 'retry', because, pages: missing, pfns: [] };
  }

  #noCandidates(missing: number): RefusalCount {
    const again = this.passedOver > 0;
    const because = again
      ? `${this.passedOver} ranges hold pages that have only just moved there, and no page moves twice in a run; run it again`
      : 'every other range is free already or holds pages that cannot move; ask for fewer or a smaller order';
    const pages = missing * 2 ** this.order;
    return { handler: 'core', reason: 'no-candidates', kind: again ? 'retry' : 'permanent', because, pages, pfns: [] };
  }
}
