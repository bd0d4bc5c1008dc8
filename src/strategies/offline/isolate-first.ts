import { inject, injectable } from 'inversify';
import { VacateError } from '../../base/vacate-error.js';
import { RangeEvents } from '../../events/range-events.js';
import {
  type MigrationReport,
  mergeRefusals,
  type RefusalCount,
  RefusalTally,
} from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_ONLINE, BLOCK_STATE_NAMES, blockRange } from '../../mm/memory-block.js';
import { NR_MAX_MIGRATE_PASSES } from '../../mm/migrate-mode.js';
import { contains, type PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, formatPages, MAX_PAGE_ORDER } from '../../mm/units.js';
import { announced } from '../announced.js';
import { evacuate, isVacant, usedPages } from '../evacuate.js';
import { joinMoves } from '../moves.js';
import type { BlockResult, Job, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';

/**
 * Takes memory blocks offline, all or none. Every page is asked before anything moves; the whole range is isolated before
 * the first move, so no page lands where it would have to move again; a refusal that only shows on the way undoes the
 * isolation. Pages that had moved by then stay where they are: they are not lost, and moving them back would be the
 * second move that this strategy rules out.
 */
@injectable()
export class IsolateFirst implements OfflineStrategy {
  readonly name = 'isolate-first';

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run({ blocks }: OfflineRequest): Job<OfflineResult> {
    const { service, events } = this;
    const ascending = [...new Set(blocks)].sort((a, b) => a - b);
    const { blockPages } = service.host.layout;
    const ranges = ascending.map((block) => blockRange(block, blockPages));
    checkBlocks(service, ascending);
    const attempt = new Attempt(service, events, this.name, ascending, ranges);
    return announced(events, { frontEnd: 'offline', strategy: this.name, ranges }, attempt.run());
  }
}

/**
 * What the kernel answers with -EINVAL: blocks that are not there or not online, holes, two zones in one block.
 *
 * @throws VacateError kind 'range'.
 */
function checkBlocks({ host }: MigrationService, blocks: readonly BlockId[]): void {
  const { blockPages, nrPfns } = host.layout;
  const last = Math.ceil(nrPfns / blockPages) - 1;
  if (blocks.length === 0) throw new VacateError('range', 'no memory block to take offline; name at least one');
  for (const block of blocks) {
    const fail = (because: string): never => {
      throw new VacateError('range', `memory block ${block} ${because}`);
    };
    if (block < 0 || block > last) fail(`lies outside memory; blocks are 0 to ${last}`);
    const state = host.blockState(block);
    if (state !== BLOCK_ONLINE)
      fail(state === 0 ? 'is a hole: there is no memory' : `is ${BLOCK_STATE_NAMES[state]}, not online`);
    const { start, end } = blockRange(block, blockPages);
    const zone = host.zoneOf(start);
    for (let pfn = start; pfn < end; pfn += 512) {
      if (host.zoneOf(pfn) < 0) fail('has a hole; the kernel takes no block with holes offline');
      if (host.zoneOf(pfn) !== zone) fail('spans two zones; the kernel takes no such block offline');
    }
  }
}

/** One run over one set of blocks. */
class Attempt {
  readonly #reports: MigrationReport[] = [];
  readonly #isolated: PfnRange[] = [];

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly strategy: string,
    private readonly blocks: readonly BlockId[],
    private readonly ranges: readonly PfnRange[],
  ) {}

  *run(): Job<OfflineResult> {
    const { host } = this.service;
    host.drain();
    const early = yield* this.#ask();
    if (early.pages > 0) return this.#refused(this.#tallyOf(early.tallies));
    const missing = this.#missingRoom();
    if (missing !== null) return this.#refused(this.#tallyOf([]), [missing]);
    let vacated = false;
    try {
      this.#isolate();
      yield { step: 'isolating', done: this.ranges.length, total: this.ranges.length };
      this.#reports.push(yield* evacuate(this.service, this.ranges, MAX_PAGE_ORDER + 1));
      host.drain();
      vacated = this.ranges.every((range) => isVacant(host.columns.flags, range));
    } finally {
      if (!vacated) this.#undo();
    }
    if (!vacated) return this.#refused(this.#stayed());
    for (const block of this.blocks) {
      host.offlineBlock(block);
      this.events.emit({ kind: 'block-state', block, state: host.blockState(block) });
    }
    return this.#result(
      'done',
      this.blocks.map(() => []),
      [],
    );
  }

  /**
   * Asks every page whether it would go. What may go away by itself (a lock, a write, a pin) is given as many chances as
   * a migration would give it; nothing has been touched meanwhile.
   */
  *#ask(): Job<{ pages: number; tallies: RefusalTally[] }> {
    const { host, handlers } = this.service;
    const total = this.ranges.length;
    for (let pass = 1; ; pass++) {
      const tallies: RefusalTally[] = [];
      for (const range of this.ranges) {
        tallies.push(this.#askRange(range));
        yield { step: 'scanning', done: tallies.length, total };
      }
      const pages = tallies.reduce((sum, tally) => sum + tally.pages, 0);
      const hopeless = tallies.some((tally) => tally.hasPermanent(handlers));
      if (pages === 0 || hopeless || pass === NR_MAX_MIGRATE_PASSES) return { pages, tallies };
      host.relax();
      host.drain();
      yield { step: 'waiting', done: pass, total: NR_MAX_MIGRATE_PASSES };
    }
  }

  #askRange(range: PfnRange): RefusalTally {
    const tally = new RefusalTally();
    for (let pfn = range.start; pfn < range.end; pfn++) {
      const outcome = this.service.judge(pfn);
      if (outcome !== 0) tally.add(outcome, pfn);
    }
    return tally;
  }

  /** Null if everything has room outside the ranges; else how many pages are missing. */
  #missingRoom(): RefusalCount | null {
    const { host } = this.service;
    const toMove = usedPages(host.columns.flags, this.ranges).length;
    const room = host.roomOutside(this.ranges).pages;
    if (toMove <= room) return null;
    const missing = toMove - room;
    return {
      handler: 'core',
      reason: 'no-room',
      kind: 'retry',
      because:
        `${toMove} pages (${formatPages(toMove)}) must move and ${room} free pages lie outside the range: ` +
        `${missing} (${formatPages(missing)}) are missing; free that much, add swap, or take fewer blocks`,
      pages: missing,
      pfns: [],
    };
  }

  #isolate(): void {
    for (const range of this.ranges) {
      this.service.host.isolateRange(range);
      this.#isolated.push(range);
      this.events.emit({ kind: 'range-isolated', range });
    }
  }

  #undo(): void {
    for (const range of this.#isolated.reverse()) {
      this.service.host.undoIsolateRange(range);
      this.events.emit({ kind: 'range-isolation-undone', range });
    }
  }

  /** What stands in the ranges after a run that did not empty them, by block; what the service was told comes first. */
  #stayed(): RefusalCount[][] {
    const told = mergeRefusals(this.#reports.map((report) => report.refused));
    return this.ranges.map((range) => {
      const here = told
        .map((count) => ({ ...count, pfns: count.pfns.filter((pfn) => contains(range, pfn)) }))
        .filter((count) => count.pfns.length > 0);
      return here.length > 0 ? here : this.#askRange(range).counts(this.service.handlers);
    });
  }

  #tallyOf(tallies: readonly RefusalTally[]): RefusalCount[][] {
    return this.blocks.map((_, i) => tallies[i]?.counts(this.service.handlers) ?? []);
  }

  #refused(byBlock: readonly RefusalCount[][], overall: readonly RefusalCount[] = []): OfflineResult {
    for (const [i, range] of this.ranges.entries()) {
      const because = [...(byBlock[i] ?? []), ...overall][0]?.because;
      if (because !== undefined) this.events.emit({ kind: 'refused', range, reason: because });
    }
    return this.#result('refused', byBlock, overall);
  }

  #result(
    outcome: 'done' | 'refused',
    byBlock: readonly RefusalCount[][],
    overall: readonly RefusalCount[],
  ): OfflineResult {
    const { host } = this.service;
    const moved = joinMoves(this.#reports);
    const blocks = this.blocks.map((block, i): BlockResult => {
      const range = this.ranges[i]!;
      let pagesMigrated = 0;
      for (const source of moved.sources) if (contains(range, source)) pagesMigrated++;
      return { block, state: BLOCK_STATE_NAMES[host.blockState(block)], pagesMigrated, refusals: byBlock[i] ?? [] };
    });
    const refusals = mergeRefusals([...byBlock, overall]);
    return {
      outcome,
      strategy: this.strategy,
      pagesMigrated: moved.sources.length,
      pagesReclaimed: 0,
      blocks,
      refusals,
      moved,
    };
  }
}
