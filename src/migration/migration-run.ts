import { VacateError } from '../base/vacate-error.js';
import { type Outcome, outcomeOf, type PageEvents } from '../events/page-events.js';
import { CORE_BEING_FREED, CORE_NO_TARGET } from '../handler/refusal.js';
import type { BulkMover } from '../host/bulk-mover.js';
import type { MemoryHost } from '../host/memory-host.js';
import { headOfCompound } from '../mm/compound-page.js';
import {
  MIGRATE_ASYNC,
  type MigrateMode,
  NR_MAX_BATCHED_MIGRATION,
  NR_MAX_MIGRATE_ASYNC_PASSES,
  NR_MAX_MIGRATE_PASSES,
} from '../mm/migrate-mode.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import { addUnit, type Batch, type BatchContext, createBatch, DONE, FREED, ISOLATED, SETTLED } from './batch.js';
import { bringToRest, giveUpWaiting } from './bring-to-rest.js';
import type { HandlerTable } from './handler-table.js';
import {
  carryPhase,
  copyPhase,
  finishPhase,
  isolatePhase,
  lockPhase,
  movePhase,
  putBackUnit,
  releaseTarget,
  remapPhase,
  shootdownPhase,
  targetPhase,
  unmapPhase,
} from './migrate-batch.js';
import { type MigrationReport, RefusalTally } from './migration-report.js';
import { smallestHoles, type TargetSource } from './target-source.js';

/** A list of pages to move away. */
export interface MigrationRequest {
  /** Ascending, no page twice; free pages are passed over, a compound page goes whole if any page of it is named. */
  readonly pfns: Uint32Array;
  readonly mode: MigrateMode;
  /**
   * Free blocks of this order and above are broken for targets only when nothing smaller is left; MAX_PAGE_ORDER + 1,
   * so none in particular, by default.
   */
  readonly sparedOrder?: Order;
  /** Where the pages go; without it, into the smallest holes that the machine has. */
  readonly targets?: TargetSource;
  /** Most passes over a batch, NR_MAX_MIGRATE_PASSES by default; 1 is a try that gives up at the first obstacle. */
  readonly passes?: number;
}

/** Where a migration stands when it pauses: other CPUs may run between any two of these. */
export type Phase =
  | 'isolate'
  | 'target'
  | 'lock'
  | 'unmap'
  | 'shootdown'
  | 'move'
  | 'copy'
  | 'carry'
  | 'remap'
  | 'finish'
  | 'relax'
  | 'putback';

/**
 * How often a migration lets others run. 'batch': only between batches, and plain pages go first, in bulk if the host can.
 * So pages may land elsewhere than with 'phase'; nothing else is different.
 */
export type Pauses = 'phase' | 'batch';

/** Phases that call handlers. That of "putback" has listeners told, who may take their time. */
const ASKING: ReadonlySet<Phase> = new Set<Phase>(['isolate', 'target', 'unmap', 'move', 'remap', 'finish']);

/**
 * What a paused migration tells its driver.
 *
 * @example
 * const steps = evacuator.service.steps({ pfns: usedPages(host, [rangeOf(8192, 8)]), mode: MIGRATE_SYNC });
 * const phases: Phase[] = [];
 * for (let step = steps.next(); step.done !== true; step = steps.next()) {
 *   const { phase }: Progress = step.value;
 *   phases.push(phase);
 * }
 * phases[0]; // "isolate"
 */
export interface Progress {
  readonly phase: Phase;
  /** Pages done with so far, migrated, freed or refused. */
  readonly settled: number;
}

/** One request on its way: its batches, the passes over each, and what came of them. */
export class MigrationRun {
  /** What is in hand, for whoever follows a run page by page. */
  readonly batch: Batch;
  readonly #context: BatchContext;
  readonly #tally = new RefusalTally();
  readonly #moved: { sources: Uint32Array; targets: Uint32Array };
  readonly #bulk: BulkMover | null;
  readonly #kindOf = (flags: number) => this.table.plainKindOf(flags);
  readonly #scratch: readonly [Uint32Array, Uint32Array];
  #migrated = 0;
  #freed = 0;
  #asked = 0;
  #retried = 0;
  #passes = 0;
  #split = 0;
  #outOfTargets = false;
  /** End of the last page that was taken in hand, which may be a large one of which more is named further on. */
  #past: Pfn = 0;

  constructor(
    private readonly host: MemoryHost,
    private readonly table: HandlerTable,
    private readonly events: PageEvents,
    private readonly request: MigrationRequest,
    pauses: Pauses = 'phase',
  ) {
    const batch = createBatch(NR_MAX_BATCHED_MIGRATION * 2);
    this.batch = batch;
    const asked = request.pfns.length;
    this.#moved = { sources: new Uint32Array(asked), targets: new Uint32Array(asked) };
    const length = Math.min(asked, NR_MAX_BATCHED_MIGRATION);
    this.#scratch = [new Uint32Array(length), new Uint32Array(length)];
    this.#bulk = pauses === 'batch' && request.targets === undefined ? (host.bulk ?? null) : null;
    this.#context = { host, table, batch, targets: request.targets ?? smallestHoles(host, request.sparedOrder) };
  }

  /**
   * Moves the pages; if the driver stops between two phases, everything in hand is put back or brought to its end.
   *
   * @throws VacateError kind 'plugin' if a handler broke its contract, and whatever the host or the targets throw; by then
   *   everything has been put back all the same. `report` says what came of the pages.
   */
  *steps(): Generator<Progress, MigrationReport> {
    let failure: { readonly error: unknown } | null = null;
    try {
      if (this.#bulk !== null) yield* this.#inBulk(this.#bulk);
      else yield* this.#oneByOne(this.request.pfns);
      return this.report();
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      if (failure === null) this.comeToRest();
      else this.#restAfter(failure.error);
    }
  }

  /**
   * Brings the batch in hand to rest: what has passed the freeze arrives, everything else goes back and is refused as
   * "interrupted". For whoever knows that nobody drives this run any more; it does nothing if there is nothing in hand. A
   * driver that comes back all the same goes on with the next batch.
   *
   * @throws VacateError kind 'host' if the host fails here too: what is in hand stays so, and a later call goes on.
   */
  comeToRest(): void {
    if (this.isAtRest) return;
    this.table.timedToTheEnd(() => bringToRest(this.#context, ...this.#scratch));
    this.#settle();
    this.#throwBreakage();
  }

  /** True if no page is in hand. */
  get isAtRest(): boolean {
    return this.#context.batch.nrUnits === 0;
  }

  /** An error is under way already, and the first one says what happened; a second leaves pages in hand. */
  #restAfter(error: unknown): void {
    try {
      this.comeToRest();
    } catch (second) {
      if (this.isAtRest) return;
      throw new VacateError(
        'host',
        `a migration failed (${messageOf(error)}), and so did bringing it to rest (${messageOf(second)}); call recover() when the host answers again`,
        { cause: error },
      );
    }
  }

  /** Takes pages from a list, from position `next` on; returns the position of the first that is left. */
  #fillBatch(pfns: Uint32Array, next: number): number {
    const { flags } = this.host.columns;
    let pages = 0;
    let at = next;
    while (at < pfns.length && pages < NR_MAX_BATCHED_MIGRATION) {
      const pfn = pfns[at++]!;
      if ((flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) !== 0) continue;
      const head = headOfCompound(flags, pfn);
      const end = addUnit(this.#context, head);
      pages += end - head;
      this.#past = end;
      while (at < pfns.length && pfns[at]! < end) at++;
    }
    this.#asked += pages;
    return at;
  }

  /** The request in windows: what is plain goes in bulk, and what is left of many windows in batches. */
  *#inBulk(bulk: BulkMover): Generator<Progress, void> {
    const { pfns } = this.request;
    const left: Uint32Array[] = [];
    let nrLeft = 0;
    for (let next = 0; next < pfns.length; ) {
      this.#refuseListeners();
      const [sources] = this.#scratch;
      const before = this.#migrated;
      const { nr, end } = this.#window(next, Math.min(sources.length, bulk.capacity));
      next = end;
      const moved = nr === 0 ? 0 : this.#moveInBulk(bulk, nr);
      if (moved < nr) left.push(sources.slice(moved, nr));
      nrLeft += nr - moved;
      if (nrLeft >= NR_MAX_BATCHED_MIGRATION || (next === pfns.length && nrLeft > 0)) {
        yield* this.#oneByOne(joined(left.splice(0), nrLeft));
        nrLeft = 0;
      } else if (this.#migrated > before) yield { phase: 'putback', settled: this.#settled };
    }
  }

  *#oneByOne(pfns: Uint32Array): Generator<Progress, void> {
    for (let next = 0; next < pfns.length; ) {
      this.#refuseListeners();
      next = this.#fillBatch(pfns, next);
      yield* this.#oneBatch();
    }
  }

  /** The next pages in use from position `next` on, into scratch; `end` is the position behind them. */
  #window(next: number, capacity: number): { nr: number; end: number } {
    const { pfns } = this.request;
    const { flags } = this.host.columns;
    const [sources] = this.#scratch;
    let nr = 0;
    let end = next;
    while (end < pfns.length && nr < capacity) {
      const pfn = pfns[end++]!;
      if (pfn >= this.#past && (flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) === 0) sources[nr++] = pfn;
    }
    return { nr, end };
  }

  #moveInBulk(bulk: BulkMover, nrPages: number): number {
    const [sources, targets] = this.#scratch;
    const nr = bulk.move(sources, nrPages, targets, this.request.sparedOrder ?? MAX_PAGE_ORDER + 1, this.#kindOf);
    this.#asked += nr;
    if (nr === 0) return 0;
    this.#passes = Math.max(this.#passes, 1);
    this.#noteMoved(sources, targets, nr);
    return nr;
  }

  #noteMoved(sources: Uint32Array, targets: Uint32Array, nr: number): void {
    const { events } = this;
    if (this.#migrated + nr > this.#moved.sources.length) this.#growMoved(nr);
    this.#moved.sources.set(sources.subarray(0, nr), this.#migrated);
    this.#moved.targets.set(targets.subarray(0, nr), this.#migrated);
    this.#migrated += nr;
    events.countMigrated(nr);
    if (!events.begin()) return;
    // Their flags travelled with the pages, so the handler is the one that moved them.
    const { flags } = this.host.columns;
    for (let from = 0; from < nr; ) {
      const known = flags[targets[from]!]!;
      let to = from + 1;
      while (to < nr && flags[targets[to]!]! === known) to++;
      events.recordMoved(sources, targets, from, to, outcomeOf(this.table.handlerFor(known), 0));
      from = to;
    }
    events.flush();
  }

  *#oneBatch(): Generator<Progress, void> {
    const { batch } = this.#context;
    yield this.#do('isolate', () => isolatePhase(this.#context));
    const { mode, passes = NR_MAX_MIGRATE_PASSES } = this.request;
    const asyncPasses = mode === MIGRATE_ASYNC ? passes : NR_MAX_MIGRATE_ASYNC_PASSES;
    for (let pass = 1; pass <= passes; pass++) {
      yield* this.#onePass(pass <= asyncPasses ? MIGRATE_ASYNC : mode);
      this.#passes = Math.max(this.#passes, pass);
      this.table.timed(() => this.#dropPermanent());
      const left = countInState(batch, ISOLATED);
      if (left === 0 || this.#outOfTargets || pass === passes) break;
      this.#retried += left;
      yield this.#do('relax', () => this.host.relax());
    }
    yield this.#do('putback', () => this.#settle());
  }

  *#onePass(mode: MigrateMode): Generator<Progress, void> {
    const context = this.#context;
    yield this.#do('target', () => {
      targetPhase(context, mode);
      this.#splitForTargets(mode);
    });
    yield this.#do('lock', () => lockPhase(context, mode));
    yield this.#do('unmap', () => unmapPhase(context));
    yield this.#do('shootdown', () => shootdownPhase(context));
    yield this.#do('move', () => movePhase(context, mode));
    yield this.#do('copy', () => copyPhase(context, ...this.#scratch));
    yield this.#do('carry', () => carryPhase(context));
    yield this.#do('remap', () => remapPhase(context));
    yield this.#do('finish', () => finishPhase(context));
  }

  #do(phase: Phase, work: () => void): Progress {
    this.#refuseListeners();
    if (ASKING.has(phase)) this.table.timed(work);
    else work();
    this.#throwBreakage();
    return { phase, settled: this.#settled };
  }

  get #settled(): number {
    return this.#migrated + this.#freed + this.#tally.pages;
  }

  #refuseListeners(): void {
    if (!this.events.isDelivering) return;
    throw new VacateError(
      'usage',
      'a listener to pages must not migrate any while it is told of others; let it note what is to be done, and do it after the job has paused',
    );
  }

  #throwBreakage(): void {
    const error = this.table.takeBreakage();
    if (error !== null) throw error;
  }

  /** A compound page for which no block is large enough is split, and its pages go one by one. */
  #splitForTargets(mode: MigrateMode): void {
    const { batch, host, table } = this.#context;
    for (let unit = batch.nrUnits - 1; unit >= 0; unit--) {
      if (batch.state[unit] !== ISOLATED || batch.outcome[unit] !== CORE_NO_TARGET) continue;
      const order = batch.order[unit]!;
      const code = order === 0 ? 0 : (table.get(batch.handler[unit]!).refusesSplit?.(batch.source[unit]!) ?? 0);
      if (code !== 0) {
        batch.outcome[unit] = outcomeOf(batch.handler[unit]!, code);
        continue;
      }
      const isTooLarge = order === 0 || batch.nrUnits + 2 ** order > batch.source.length;
      // Without a single page to go to, nothing is split for nothing.
      if (isTooLarge || host.roomOutside([]).pages === 0 || !host.split(batch.source[unit]!)) {
        this.#outOfTargets = true;
        continue;
      }
      this.#split++;
      batch.order[unit] = 0;
      // Its pages are still whose it was: they were isolated as such, and change hands only if they are refused.
      batch.outcome[unit] = 0;
      for (let i = 1; i < 2 ** order; i++) this.#addSplitUnit(unit, batch.source[unit]! + i);
      targetPhase(this.#context, mode);
    }
  }

  #addSplitUnit(from: number, pfn: Pfn): void {
    const { batch } = this.#context;
    const at = batch.nrUnits++;
    batch.source[at] = pfn;
    batch.target[at] = NO_PAGE;
    batch.order[at] = 0;
    batch.handler[at] = batch.handler[from]!;
    batch.state[at] = ISOLATED;
    batch.outcome[at] = 0;
    batch.progress[at] = 0;
  }

  #dropPermanent(): void {
    const { batch, table } = this.#context;
    for (let unit = 0; unit < batch.nrUnits; unit++) {
      const outcome = batch.outcome[unit]!;
      if (batch.state[unit] === ISOLATED && outcome !== 0 && table.isPermanent(outcome))
        putBackUnit(this.#context, unit);
    }
  }

  /** What is left goes back, and everything is counted and announced. */
  #settle(): void {
    const { batch, targets } = this.#context;
    const { events } = this;
    this.table.timedToTheEnd(() => giveUpWaiting(this.#context));
    // One that is stopped by a listener comes to rest unheard.
    const heard = !events.isDelivering && events.begin();
    for (let unit = 0; unit < batch.nrUnits; unit++) {
      const state = batch.state[unit]!;
      if (state === SETTLED) continue;
      if (state !== DONE) releaseTarget(targets, batch, unit);
      if (state === DONE) this.#countMigrated(unit, heard);
      else if (state === FREED || batch.outcome[unit] === CORE_BEING_FREED) this.#freed += 2 ** batch.order[unit]!;
      else this.#countRefused(batch.outcome[unit]!, batch.source[unit]!, 2 ** batch.order[unit]!, heard);
      batch.state[unit] = SETTLED;
    }
    batch.nrUnits = 0;
    if (heard) events.flush();
  }

  #countMigrated(unit: number, heard: boolean): void {
    const { batch } = this.#context;
    const nrPages = 2 ** batch.order[unit]!;
    this.events.countMigrated(nrPages);
    if (this.#migrated + nrPages > this.#moved.sources.length) this.#growMoved(nrPages);
    for (let i = 0; i < nrPages; i++) {
      const source = batch.source[unit]! + i;
      const target = batch.target[unit]! + i;
      this.#moved.sources[this.#migrated] = source;
      this.#moved.targets[this.#migrated] = target;
      this.#migrated++;
      if (heard) this.events.record(source, target, outcomeOf(batch.handler[unit]!, 0));
    }
  }

  #growMoved(nrPages: number): void {
    const grown = (old: Uint32Array): Uint32Array => {
      const larger = new Uint32Array(old.length * 2 + nrPages);
      larger.set(old);
      return larger;
    };
    this.#moved.sources = grown(this.#moved.sources);
    this.#moved.targets = grown(this.#moved.targets);
  }

  #countRefused(outcome: Outcome, source: Pfn, nrPages: number, heard: boolean): void {
    this.#tally.add(outcome, source, nrPages);
    this.events.countRefused(outcome, nrPages);
    if (heard) for (let i = 0; i < nrPages; i++) this.events.record(source + i, NO_PAGE, outcome);
  }

  /** What has come of the request so far. */
  report(): MigrationReport {
    this.events.countRetried(this.#retried);
    return {
      asked: this.#asked,
      migrated: this.#migrated,
      freed: this.#freed,
      refused: this.#tally.counts(this.table),
      retried: this.#retried,
      passes: this.#passes,
      split: this.#split,
      sources: firstOf(this.#moved.sources, this.#migrated),
      targets: firstOf(this.#moved.targets, this.#migrated),
    };
  }
}

/** A copy is made only if there is something to leave out: most requests end with all their pages moved. */
function firstOf(pages: Uint32Array, nr: number): Uint32Array {
  return nr === pages.length ? pages : pages.slice(0, nr);
}

function joined(pieces: readonly Uint32Array[], length: number): Uint32Array {
  const whole = new Uint32Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function countInState(batch: Batch, state: number): number {
  let nr = 0;
  for (let unit = 0; unit < batch.nrUnits; unit++) if (batch.state[unit] === state) nr++;
  return nr;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
