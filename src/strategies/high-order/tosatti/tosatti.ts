import { inject, injectable } from 'inversify';
import { VacateError } from '../../../base/vacate-error.js';
import { RangeEvents } from '../../../events/range-events.js';
import { MigrationService } from '../../../migration/migration-service.js';
import { type PfnRange, rangeOf } from '../../../mm/pfn-range.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Pfn } from '../../../mm/units.js';
import { announced } from '../../announced.js';
import { labelOf } from '../../labels.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job, Manner } from '../../strategy.js';
import { freeBlockWith, HeldBlocks } from '../held-blocks.js';
import { checkOrderRequest, OrderAccount } from '../order-account.js';
import { Attempt } from './attempt.js';
import { Coalesce } from './coalesce.js';
import { Coalesce2005 } from './coalesce-2005.js';
import { type Deviations, deviationsOf, MODE_NOTES, MODES, type Mode, SWITCH_NAMES, SWITCHES } from './switches.js';

/**
 * Marcelo Tosatti's active defragmentation. `intended` is what the patch of 1 October 2004 was meant to do, `historical`
 * what it does, `2005` its successor of 4 June 2005. Nobody ever called it; here it is called zone by zone until enough
 * blocks were made, by measure and not by its word.
 */
@injectable()
export class Tosatti implements HighOrderStrategy {
  readonly name = 'tosatti';
  readonly about =
    'Marcelo Tosatti, 2004: widens free blocks by moving the pages before and after them; gives up at the first obstacle';
  readonly modes = MODES;
  readonly switches = SWITCH_NAMES;
  readonly notes = { ...MODE_NOTES, ...SWITCHES };

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  doesNotApply({ order }: HighOrderRequest): string | null {
    if (order >= 1 && order <= MAX_PAGE_ORDER) return null;
    return order < 1
      ? `coalesce_memory() refuses order ${order}: a block of one page needs no neighbours`
      : `it grows blocks of the buddy allocator, which keeps none of order ${order}; ask for 1 to ${MAX_PAGE_ORDER}`;
  }

  run(request: HighOrderRequest & Manner): Job<HighOrderResult> {
    checkOrderRequest(this.service, request);
    const inapplicable = this.doesNotApply(request);
    if (inapplicable !== null) throw new VacateError('usage', `tosatti: ${inapplicable}`);
    const { mode, switches } = mannerOf(request);
    const strategy = labelOf(this, request);
    const job = new Run(this.service, this.events, request, mode, deviationsOf(mode, switches)).steps(strategy);
    return announced(this.events, { frontEnd: 'high-order', strategy, ranges: [] }, job);
  }
}

/** @throws VacateError kind 'usage'. */
function mannerOf({ mode = MODES[0], switches = [] }: Manner): { mode: Mode; switches: readonly string[] } {
  const known = MODES.find((candidate) => candidate === mode);
  if (known === undefined) throw new VacateError('usage', `tosatti has no mode "${mode}"; use ${MODES.join(', ')}`);
  const names: readonly string[] = SWITCH_NAMES;
  for (const asked of switches)
    if (!names.includes(asked))
      throw new VacateError('usage', `tosatti has no switch "${asked}"; use some of ${names.join(', ')}`);
  if (known === '2005' && switches.length > 0)
    throw new VacateError('usage', `"${switches[0]}" is of October 2004's code; tosatti:2005 takes no switches`);
  return { mode: known, switches };
}

/** One run over all zones. */
class Run {
  readonly #attempt: Attempt;
  readonly #held: HeldBlocks;
  readonly #ranges: PfnRange[] = [];

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly request: HighOrderRequest,
    private readonly mode: Mode,
    private readonly on: Deviations,
  ) {
    this.#attempt = new Attempt(service, request.order, on);
    this.#held = new HeldBlocks(service.host.free);
  }

  *steps(strategy: string): Job<HighOrderResult> {
    const { host } = this.service;
    if (this.mode === 'intended' && !this.on['target-not-excluded']) host.drain();
    yield { step: 'scanning', done: 0, total: host.layout.nrPfns };
    const account = new OrderAccount(this.service, this.request);
    const zones = (this.request.zones ?? [...host.layout.zones.keys()]).map((zone) =>
      this.mode === '2005' ? new Coalesce2005(this.#attempt, zone) : new Coalesce(this.#attempt, zone),
    );
    try {
      for (const calls of zones) yield* this.#inZone(calls, account);
      this.#held.release();
      const { hazards, refusals, reports } = this.#attempt;
      return account.result({
        strategy,
        reports,
        ranges: this.#ranges,
        refusals: [...refusals.counts(), ...hazards.counts()],
      });
    } finally {
      this.#held.release();
      for (const zone of zones) if (zone instanceof Coalesce2005) zone.release();
    }
  }

  /** Calls until enough are made or a call fails or brings nothing; as often as blocks are wanted, at the most. */
  *#inZone(coalesce: Coalesce | Coalesce2005, account: OrderAccount): Job<void> {
    const { reports, order } = this.#attempt;
    const gained = (): number => account.made + this.#held.ranges(order);
    const { start, end } = this.#attempt.zone(coalesce.zone);
    const most = Math.min(account.wanted, Math.floor((end - start) / 2 ** order));
    for (let calls = 0; calls < most && gained() < account.wanted; calls++) {
      const before = { gained: gained(), moves: reports.length };
      const block = yield* coalesce.call();
      if (block === NO_PAGE) return;
      this.#check(block);
      if (gained() <= before.gained && reports.length === before.moves) return;
    }
  }

  /** Is there a free block of the order around this one, as the call says? */
  #check(block: Pfn): void {
    const { hazards, order } = this.#attempt;
    const { free } = this.service.host;
    const range = rangeOf(block - (block % 2 ** order), 2 ** order);
    const head = freeBlockWith(free, block, order);
    if (head === NO_PAGE) {
      hazards.add('false-success', block, 2 ** order);
      this.events.emit({ kind: 'refused', range, reason: 'said to be free, and is not' });
      return;
    }
    this.#ranges.push(range);
    this.events.emit({ kind: 'block-made', range });
    if (!this.on['target-not-excluded'] && this.mode === 'intended') this.#held.take(head);
  }
}
