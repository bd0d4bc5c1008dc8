import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { RefusalTally } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { NR_MAX_MIGRATE_PASSES } from '../../mm/migrate-mode.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { makeRoom } from '../make-room.js';
import type { Job, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { type BlockSet, together } from './block-set.js';
import { obstacleOf } from './staying.js';

/** Sweeps over what is left that may pass without a single page having gone. */
const MAX_FRUITLESS_SWEEPS = 10;

/**
 * The planner that LWN asked for, emptying a given range: of each of the systems that came before, what it was best at.
 * Nobody gets a page of the range from the moment it is isolated, all of it before the first move (page capture, for the
 * whole request at once); every page was asked by then, so that a range which cannot go costs nothing (booking); a page
 * moves once, without a swap slot (the migration cache); what is only in somebody's hands is waited for, as long as it is
 * not always the same pages (the second, slow pass of the node removal); and if room is missing outside, so much is taken
 * from its owners and no more (the swap-based patches, where they are needed). All blocks go, or none.
 */
@injectable()
export class MergedOffline implements OfflineStrategy {
  readonly name = 'merged';
  readonly about =
    'the planner that LWN asked for: all blocks isolated first, each page moved once; waits and reclaims only where it must';

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run(request: OfflineRequest): Job<OfflineResult> {
    const { service, events, name } = this;
    return together(name, { service, events }, request, (set) => this.#takeOffline(set));
  }

  *#takeOffline(set: BlockSet): Job<OfflineResult> {
    const { host } = this.service;
    host.drain();
    const stuck = yield* this.#ask(set);
    if (stuck !== null) return set.refusedByPages(stuck);
    // Asking comes first: memory is not taken from its owners for a range that cannot go.
    const { isExhausted } = yield* makeRoom(host, () => set.pagesWithoutRoom);
    const missing = set.pagesWithoutRoom;
    // Room that others take as fast as it is made will be found on the way; room that cannot be made will not.
    if (missing > 0 && isExhausted) return set.refusedForRoom(missing);
    let vacated = false;
    try {
      yield* set.isolate();
      vacated = yield* this.#sweep(set);
    } finally {
      if (!vacated) set.undo();
    }
    return vacated ? set.goOffline() : set.refusedByRest();
  }

  /**
   * Null to go on, or what refuses for good: permanently, or the same page at every one of ten looks. A page that others
   * hold for a moment, now this one and now that, is no reason to refuse.
   */
  *#ask(set: BlockSet): Job<RefusalTally[] | null> {
    const { host, handlers } = this.service;
    let always: Uint32Array | null = null;
    for (let look = 1; ; look++) {
      const tallies = yield* set.ask();
      if (tallies.some((tally) => tally.hasPermanent(handlers))) return tallies;
      if (tallies.every(({ pages }) => pages === 0)) return null;
      always = this.#refusing(set, always);
      if (always.length === 0) return null;
      if (look === NR_MAX_MIGRATE_PASSES) return tallies;
      host.relax();
      host.drain();
      yield { step: 'waiting', done: look, total: NR_MAX_MIGRATE_PASSES };
    }
  }

  /** Pages that refuse now, of those that did before; ascending. */
  #refusing(set: BlockSet, before: Uint32Array | null): Uint32Array {
    const { service } = this;
    if (before !== null) return service.looking(() => before.filter((pfn) => obstacleOf(service, pfn) !== 0));
    const refusing: number[] = [];
    for (const range of set.ranges) service.looking(() => this.#noteRefusing(range, refusing));
    return Uint32Array.from(refusing);
  }

  #noteRefusing({ start, end }: PfnRange, refusing: number[]): void {
    for (let pfn = start; pfn < end; pfn++) if (obstacleOf(this.service, pfn) !== 0) refusing.push(pfn);
  }

  /** Moves everything, and again what stayed, until all is gone or nothing goes any more. */
  *#sweep(set: BlockSet): Job<boolean> {
    const { host } = this.service;
    for (let fruitless = 0; fruitless < MAX_FRUITLESS_SWEEPS; ) {
      if (yield* set.evacuate()) return true;
      fruitless = set.lastProgress > 0 ? 0 : fruitless + 1;
      // Others may have taken the room meanwhile.
      yield* makeRoom(host, () => set.pagesWithoutRoom);
      host.relax();
      host.drain();
      yield { step: 'waiting', done: fruitless, total: MAX_FRUITLESS_SWEEPS };
    }
    return false;
  }
}
