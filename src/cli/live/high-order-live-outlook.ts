import { VacateError } from '../../base/vacate-error.js';
import { KeptMachine } from '../../compare/kept-machine.js';
import { createEvacuator, type Evacuator } from '../../container/create-evacuator.js';
import { driveJob } from '../../container/run-job.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { ZoneKind } from '../../mm/zone.js';
import { kindOf, PAGE_KINDS } from '../../picture/page-kinds.js';
import type { Machine } from '../../sim/machine.js';
import { simModule } from '../../sim/sim-module.js';
import { countAllocatable } from '../../strategies/high-order/allocate-block.js';
import { dropCaches } from '../../strategies/high-order/drop-caches.js';
import { countFreeRanges } from '../../strategies/high-order/free-ranges.js';
import { sumOfCosts } from '../../strategies/high-order/order-account.js';
import { censusOf, type RangeCensus } from '../../strategies/high-order/range-census.js';
import { cheapestFirst, rangeCosts } from '../../strategies/high-order/range-costs.js';
import { IMPOSSIBLE } from '../../strategies/high-order/range-glance.js';
import type { HighOrderResult, Job, PagesScanned } from '../../strategies/strategy.js';
import type { Context } from '../context.js';
import { Interrupted } from '../interrupts.js';

/** What is asked of a machine, without changing it. */
export interface OutlookRequest {
  readonly order: number;
  /** Blocks wanted in all, those that lie about free included; 'all' for as many as can be had. */
  readonly count: number | 'all';
  /** This node's memory alone; null for all. */
  readonly node: number | null;
  /** vm.compact_unevictable_allowed is 0: mlocked pages stay where they are. */
  readonly leavesUnevictable: boolean;
  readonly pageTypes: readonly PageType[];
  /** On the clock of `performance`; Infinity for never. */
  readonly deadline: number;
}

/** One zone before and after compaction; blocks are of the order asked for, one of a higher order counts as several. */
export interface ZoneOutlook {
  readonly node: number;
  readonly kind: ZoneKind;
  readonly freeBefore: number;
  readonly freeAfter: number;
  readonly pagesMigrated: number;
  readonly scanned: PagesScanned;
  /** Moves that nobody can do with fewer, for as many blocks in this zone. */
  readonly lowerBound: number;
  readonly census: RangeCensus;
}

/** What allocations would find, one after the other, above the min watermarks. */
export interface BlocksToBeHad {
  readonly asked: number | 'all';
  readonly now: number;
  readonly afterCompaction: number;
  /** With clean page cache dropped first, and then compaction. */
  readonly afterDropCaches: number;
  readonly pagesDropped: number;
  /** As many allocations as were asked for, each compacting memory until it has its block; null if all were asked for. */
  readonly direct: { readonly got: number; readonly pagesMigrated: number; readonly because: string | null } | null;
}

export interface Outlook {
  readonly order: number;
  readonly strategy: string;
  readonly zones: readonly ZoneOutlook[];
  readonly lowerBound: number;
  /** What our own planner would make of the same memory. */
  readonly best: { readonly made: number; readonly pagesMigrated: number; readonly pagesReclaimed: number };
  readonly blocks: BlocksToBeHad;
}

/**
 * What the kernel's own compaction would give and cost. Each question is put to the machine as it was found, by putting
 * it back in between.
 *
 * @throws VacateError kind 'usage' for a node or an order that the machine does not have, 'host' if time was up.
 * @throws Interrupted when the user stopped it.
 */
export async function compactionOutlook(context: Context, machine: Machine, request: OutlookRequest): Promise<Outlook> {
  return new Outlooker(context, machine, request).look();
}

class Outlooker {
  readonly #zones: readonly number[];
  readonly #strategy: string;
  /** Only named to a strategy if it is not all of them, so that it may be asked what it would do unasked. */
  readonly #only: { readonly zones?: readonly number[] };
  readonly #kept: KeptMachine;
  #isTouched = false;

  constructor(
    private readonly context: Context,
    machine: Machine,
    private readonly request: OutlookRequest,
  ) {
    this.#zones = zonesOf(machine, request.node);
    this.#only = request.node === null ? {} : { zones: this.#zones };
    this.#strategy = request.leavesUnevictable ? 'compaction+leave-unevictable' : 'compaction';
    this.#kept = new KeptMachine(machine);
  }

  async look(): Promise<Outlook> {
    const { order, count } = this.request;
    const now = this.#fresh((evacuator) => countAllocatable(evacuator.host, order, this.#only.zones));
    const { zones, afterCompaction, lowerBound } = await this.#compacted();
    const dropped = await this.#droppedAndCompacted();
    const direct = count === 'all' ? null : await this.#direct(count, now);
    const best = await this.#best();
    this.context.progress.stop();
    const blocks = { asked: count, now, afterCompaction, ...dropped, direct };
    return { order, strategy: this.#strategy, zones, lowerBound, best, blocks };
  }

  /** Zone by zone: one takes no pages of another, so that it comes to the same as all in one go. */
  async #compacted() {
    const { order } = this.request;
    const evacuator = this.#freshEvacuator();
    const { host, service } = evacuator;
    await this.context.interrupts.breathe();
    const costs = rangeCosts(service, order, this.#only.zones);
    const zones: ZoneOutlook[] = [];
    for (const zone of this.#zones) {
      const { node, kind } = host.layout.zones[zone]!;
      const census = censusOf(service, { order, zone, costs }, { nrKinds: PAGE_KINDS.length, kindOf });
      const candidates = cheapestFirst(costsOfZone(costs, order, evacuator, zone), order);
      const result = await this.#compact(evacuator, zone);
      const { freeBefore, pagesMigrated, scanned } = result;
      // It can take blocks apart too, where it needs their pages as targets.
      const freeAfter = countFreeRanges(host, order, [zone]);
      const lowerBound = sumOfCosts(costs, candidates, Math.max(0, freeAfter - freeBefore));
      zones.push({ node, kind, freeBefore, freeAfter, pagesMigrated, scanned: scanned!, lowerBound, census });
    }
    const made = zones.reduce((sum, { freeBefore, freeAfter }) => sum + Math.max(0, freeAfter - freeBefore), 0);
    const afterCompaction = countAllocatable(host, order, this.#only.zones);
    evacuator.dispose();
    return { zones, afterCompaction, lowerBound: sumOfCosts(costs, cheapestFirst(costs, order), made) };
  }

  async #droppedAndCompacted() {
    const evacuator = this.#freshEvacuator();
    const pagesDropped = dropCaches(evacuator.host);
    for (const zone of this.#zones) await this.#compact(evacuator, zone);
    const afterDropCaches = countAllocatable(evacuator.host, this.request.order, this.#only.zones);
    evacuator.dispose();
    return { pagesDropped, afterDropCaches };
  }

  #compact(evacuator: Evacuator, zone: number): Promise<HighOrderResult> {
    const { order } = this.request;
    const request = { order, count: 'all', zones: [zone], bound: false } as const;
    return this.#run(evacuator.highOrder(request, this.#strategy));
  }

  /** As raising nr_hugepages does, but without the reclaim. */
  async #direct(count: number, now: number) {
    if (count <= now) return { got: count, pagesMigrated: 0, because: null };
    const evacuator = this.#freshEvacuator();
    const request = { order: this.request.order, count: count - now, bound: false, ...this.#only };
    const result = await this.#run(evacuator.highOrder(request, this.#strategy));
    evacuator.dispose();
    const because = result.refusals.find(({ handler }) => handler === 'core')?.because ?? null;
    const got = now + result.ranges.length;
    return { got, pagesMigrated: result.pagesMigrated, because: got < count ? because : null };
  }

  async #best() {
    const evacuator = this.#freshEvacuator();
    const request = { order: this.request.order, count: 'all', ...this.#only } as const;
    const { made, pagesMigrated, pagesReclaimed } = await this.#run(evacuator.highOrder(request, 'merged'));
    evacuator.dispose();
    return { made, pagesMigrated, pagesReclaimed };
  }

  #fresh<T>(ask: (evacuator: Evacuator) => T): T {
    const evacuator = this.#freshEvacuator();
    const answer = ask(evacuator);
    evacuator.dispose();
    return answer;
  }

  #freshEvacuator(): Evacuator {
    if (this.#isTouched) this.#kept.restore();
    this.#isTouched = true;
    return createEvacuator({ host: simModule(this.#kept.machine), plugins: this.request.pageTypes, pauses: 'batch' });
  }

  async #run<Result>(job: Job<Result>): Promise<Result> {
    const { context, request } = this;
    const end = await driveJob(job, {
      signal: context.interrupts.signal,
      timeoutMs: Math.max(0, request.deadline - performance.now()),
      onProgress: ({ step, done, total }) =>
        context.progress.update({ label: `simulated: ${step}`, done, total, unit: null }),
    });
    if (end.ended === 'finished') return end.result;
    context.progress.stop();
    if (end.ended === 'aborted') throw new Interrupted('nothing was changed');
    throw new VacateError(
      'host',
      'time was up before the forecast was done, and nothing was changed; allow more with --timeout',
    );
  }
}

function zonesOf({ spec }: Machine, node: number | null): number[] {
  const all = [...spec.zones.keys()];
  const zones = node === null ? all : all.filter((zone) => spec.zones[zone]!.node === node);
  if (zones.length > 0) return zones;
  const nodes = [...new Set(spec.zones.map((zone) => zone.node))].sort((a, b) => a - b).join(', ');
  throw new VacateError('usage', `--node ${node} is no node with memory of ${spec.name}; it has ${nodes}`);
}

/** The same costs, with whatever lies in other zones out of the question. */
function costsOfZone(costs: Uint32Array, order: number, { host }: Evacuator, zone: number): Uint32Array {
  const { start, end } = host.layout.zones[zone]!;
  const size = 2 ** order;
  return costs.map((cost, i) => (i * size >= start && (i + 1) * size <= end ? cost : IMPOSSIBLE));
}
