import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { MigrationReport, RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { FREE_FLAGS, PG_LRU, PG_SWAPBACKED, PG_SWAPCACHE, PG_UNEVICTABLE } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Job, Manner, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { type BlockMethod, oneByOne } from './one-by-one.js';
import { leavingPages } from './staying.js';
import { type Reason, whatStayed } from './what-stayed.js';

/** Sweeps in a row that free nothing before a section is given up. */
export const FRUITLESS_SWEEPS_MAX = 10;
/** Pages between two waits for the writes that they began, SWAP_CLUSTER_MAX. */
const CLUSTER = 32;

/**
 * The K patches of Hansen's tree (2004): a section is emptied through the reclaim path, anonymous pages to swap, file pages
 * to their files, and the next fault brings them back somewhere else. There is no second machinery for migration, and no
 * progress either while reclaim does not run, which it does only while the zone is short of free pages. What is freed in
 * the section does not relieve the zone, since it is not handed out.
 *
 * Mode `forced` is the `purge` of /proc/memhotplug: it wakes reclaim whether there is pressure or not.
 */
@injectable()
export class SwapOut implements OfflineStrategy {
  readonly name = 'swap-out';
  readonly about = 'the swap-based patches of 2004: empties a section through reclaim, under memory pressure';
  readonly modes = ['under-pressure', 'forced'];
  readonly notes = {
    'under-pressure': 'reclaim runs only while the zone is short of free pages',
    forced: 'reclaim is woken whether there is pressure or not (/proc/memhotplug purge)',
  };

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run(request: OfflineRequest & Manner): Job<OfflineResult> {
    const { service, events } = this;
    return oneByOne(this, { service, events }, request, new Pageout(service, events, request.mode === 'forced'));
  }
}

class Pageout implements BlockMethod {
  /** Nothing is migrated: pages come back elsewhere when somebody asks for them. */
  readonly reports: readonly MigrationReport[] = [];
  /** kswapd wakes below the low watermark and sleeps at the high one. */
  #awake = false;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly forced: boolean,
  ) {}

  *empty(range: PfnRange): Job<readonly RefusalCount[]> {
    const { host } = this.service;
    const zone = host.zoneOf(range.start);
    let fruitless = 0;
    let pressure = false;
    this.#awake = false;
    for (let pass = 1; ; pass++) {
      host.drain();
      const pfns = leavingPages(this.service, [range]);
      if (pfns.length === 0) return [];
      if (fruitless === FRUITLESS_SWEEPS_MAX) {
        const swapFull = host.swap.used >= host.swap.slots;
        const { flags } = host.columns;
        return whatStayed(this.service, range, (pfn) => whyStayed(flags[pfn]!, pressure, swapFull));
      }
      this.events.emit({ kind: 'pass-started', pass, mode: MIGRATE_SYNC, pages: pfns.length });
      const sweep = yield* this.#sweep(pfns, zone);
      pressure ||= sweep.ran;
      fruitless = sweep.freed > 0 ? 0 : fruitless + 1;
      host.relax();
      yield { step: 'waiting', done: fruitless, total: FRUITLESS_SWEEPS_MAX };
    }
  }

  /** Once over the pages, for as long as reclaim runs. */
  *#sweep(pfns: Uint32Array, zone: number): Job<{ ran: boolean; freed: number }> {
    const { host } = this.service;
    const { flags } = host.columns;
    let freed = 0;
    let ran = false;
    for (let at = 0; at < pfns.length && this.#runs(zone); at += CLUSTER) {
      ran = true;
      let writing = false;
      for (const pfn of pfns.subarray(at, at + CLUSTER)) {
        if (!isReclaimable(flags[pfn]!)) continue;
        const outcome = host.reclaim.pageout(pfn);
        if (outcome === 'freed') freed++;
        writing ||= outcome === 'writing';
      }
      if (writing) host.relax();
      yield { step: 'reclaiming', done: Math.min(at + CLUSTER, pfns.length), total: pfns.length };
    }
    return { ran, freed };
  }

  #runs(zone: number): boolean {
    if (this.forced) return true;
    const { free } = this.service.host;
    this.#awake = free.nrPages(zone) < free.watermark(zone, this.#awake ? 'high' : 'low', 'Movable');
    return this.#awake;
  }
}

function isReclaimable(flags: number): boolean {
  return (flags & (PG_LRU | PG_UNEVICTABLE | FREE_FLAGS)) === PG_LRU;
}

const NO_PRESSURE: Reason = {
  reason: 'no-pressure',
  kind: 'retry',
  because:
    'reclaim does not run while its zone is above the low watermark; use up memory, or force it (swap-out:forced)',
};
const MLOCKED: Reason = {
  reason: 'mlocked',
  kind: 'permanent',
  because: 'locked in memory by its owner: reclaim does not look at it',
};
const NO_SWAP: Reason = {
  reason: 'no-swap',
  kind: 'retry',
  because: 'anonymous or shared memory, and no swap slot is free to write it to; add swap',
};
const IN_USE: Reason = {
  reason: 'in-use',
  kind: 'retry',
  because: 'reclaim could not get it out: it is used again each time',
};

/** Why reclaim left a page alone that could have been moved. */
function whyStayed(flags: number, pressure: boolean, swapFull: boolean): Reason {
  if ((flags & PG_UNEVICTABLE) !== 0) return MLOCKED;
  if (!pressure) return NO_PRESSURE;
  const needsSlot = (flags & (PG_SWAPBACKED | PG_SWAPCACHE)) === PG_SWAPBACKED;
  return needsSlot && swapFull ? NO_SWAP : IN_USE;
}
