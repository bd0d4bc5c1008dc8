import { inject, injectable } from 'inversify';
import { VacateError } from '../../base/vacate-error.js';
import { RangeEvents } from '../../events/range-events.js';
import type { MemoryHost } from '../../host/memory-host.js';
import type { RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { blockRange } from '../../mm/memory-block.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { BlockId } from '../../mm/units.js';
import { announced } from '../announced.js';
import { labelOf } from '../labels.js';
import { ordinaryTargets } from '../ordinary-targets.js';
import type { Job, Manner, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { checkedBlocks, problemWithBlocks } from './check-blocks.js';
import { inactiveFirst } from './lru-pages.js';
import { offlineResult } from './offline-result.js';
import { nodesWithMemory, onlineBlocksByZone } from './online-memory.js';
import { isVacated, tellDrivers, tellDriversOfTheRest } from './staying.js';
import { TwoPassMigration } from './two-pass-migration.js';
import { whatStayed } from './what-stayed.js';

/** What is emptied as one. */
type Unit = 'node' | 'zone';

/**
 * Node hot-remove of VA Linux and Fujitsu (Iwamoto, Takahashi and others, 2004): a whole node, or a whole zone, is disabled,
 * so that nothing is allocated there, its LRU is migrated to other nodes, and when every page of it is free it can go;
 * otherwise it is enabled again. Nothing is asked beforehand: what cannot move shows when everything else has moved.
 *
 * Mode `swap` is the code of July, for which an anonymous page had to be in the swap cache; `migration-cache` is that of
 * October, which does without swap.
 */
@injectable()
export class NodeRemap implements OfflineStrategy {
  readonly name = 'node-remap';
  readonly about = 'VA Linux and Fujitsu, 2004: whole nodes or zones, a fast pass and a slow one';
  readonly modes = ['swap', 'migration-cache'];
  readonly notes = {
    swap: 'anonymous pages go through the swap cache',
    'migration-cache': 'anonymous pages need no swap to move',
  };

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  /** Blocks that nobody can take offline are another matter: `run` says what is wrong with them. */
  doesNotApply({ blocks }: OfflineRequest): string | null {
    const { host } = this.service;
    if (problemWithBlocks(host, blocks) !== null) return null;
    const unit = unitOf(host, blocks);
    if (unit === null) return notWhole(host, blocks);
    return hasSomewhereElse(host, blocks, unit) ? null : `no other ${unit} has memory that pages could move to`;
  }

  run(request: OfflineRequest & Manner): Job<OfflineResult> {
    const { service, events } = this;
    const { host } = service;
    const blocks = checkedBlocks(host, request.blocks);
    const because = this.doesNotApply(request);
    if (because !== null) throw new VacateError('usage', `strategy ${this.name} does not apply: ${because}`);
    const targets = ordinaryTargets(host, { ownNode: unitOf(host, blocks) === 'zone', highest: () => 'Movable' });
    const migration = new TwoPassMigration(service, events, {
      targets,
      throughSwap: request.mode !== 'migration-cache',
    });
    const strategy = labelOf(this, request);
    const ranges = blocks.map((block) => blockRange(block, host.layout.blockPages));
    const removal = new Removal(service, events, migration, blocks, ranges);
    return announced(events, { frontEnd: 'offline', strategy, ranges }, removal.run(strategy));
  }
}

/** What the blocks are all the online memory of; null if they are neither whole nodes nor whole zones. */
function unitOf(host: MemoryHost, blocks: readonly BlockId[]): Unit | null {
  const { zones } = host.layout;
  const byZone = onlineBlocksByZone(host);
  const asked = new Set(blocks);
  const touched = zones.map((_, zone) => byZone[zone]!.some((block) => asked.has(block)));
  const isWhole = (zone: number): boolean => byZone[zone]!.every((block) => asked.has(block));
  const nodes = new Set(zones.filter((_, zone) => touched[zone]!).map(({ node }) => node));
  if (zones.every(({ node }, zone) => !nodes.has(node) || isWhole(zone))) return 'node';
  return zones.every((_, zone) => !touched[zone]! || isWhole(zone)) ? 'zone' : null;
}

function notWhole(host: MemoryHost, blocks: readonly BlockId[]): string {
  const zone = host.zoneOf(blockRange(blocks[0]!, host.layout.blockPages).start);
  const { node, kind } = host.layout.zones[zone]!;
  const online = onlineBlocksByZone(host)[zone]!;
  return (
    'it empties whole nodes or zones, and these blocks are neither; ' +
    `zone ${kind} of node ${node} has ${online.length} blocks online, ${online[0]} to ${online.at(-1)}: name them all`
  );
}

function hasSomewhereElse(host: MemoryHost, blocks: readonly BlockId[], unit: Unit): boolean {
  const asked = new Set(blocks);
  const { zones } = host.layout;
  const left = onlineBlocksByZone(host).map((online) => online.filter((block) => !asked.has(block)).length);
  if (unit === 'zone') return left.some((nr) => nr > 0);
  return nodesWithMemory(host).some((node) => zones.some((zone, i) => zone.node === node && left[i]! > 0));
}

/** One node on its way out. */
class Removal {
  readonly #isolated: PfnRange[] = [];
  readonly #reclaimedBefore: number;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly migration: TwoPassMigration,
    private readonly blocks: readonly BlockId[],
    private readonly ranges: readonly PfnRange[],
  ) {
    this.#reclaimedBefore = service.host.reclaim.counters.reclaimed;
  }

  *run(strategy: string): Job<OfflineResult> {
    const { host } = this.service;
    tellDrivers(host, this.blocks);
    try {
      return yield* this.#remove(strategy);
    } finally {
      tellDriversOfTheRest(host, this.blocks);
    }
  }

  *#remove(strategy: string): Job<OfflineResult> {
    const { host } = this.service;
    let vacated: boolean | null = null;
    host.drain();
    yield { step: 'scanning', done: 0, total: this.ranges.length };
    try {
      this.#disable();
      yield { step: 'isolating', done: this.ranges.length, total: this.ranges.length };
      yield* this.#remap();
      // Done when the free pages of the node are all the pages that it has.
      vacated = this.ranges.every((range) => isVacated(this.service, range)) && this.#unplug();
    } finally {
      if (vacated === null) this.migration.undo();
      if (vacated !== true) this.#enable();
    }
    return offlineResult(host, {
      strategy,
      blocks: this.blocks,
      reports: this.migration.reports,
      refusals: vacated ? new Map() : this.#refusals(),
      overall: this.migration.rolledBack,
      reclaimedBefore: this.#reclaimedBefore,
    });
  }

  /** Out of the zonelists, and nothing on per-CPU lists. */
  #disable(): void {
    const { host } = this.service;
    for (const range of this.ranges) {
      host.isolateRange(range);
      this.#isolated.push(range);
      this.events.emit({ kind: 'range-isolated', range });
    }
  }

  #enable(): void {
    for (const range of this.#isolated.reverse()) {
      this.service.host.undoIsolateRange(range);
      this.events.emit({ kind: 'range-isolation-undone', range });
    }
  }

  /** The migrate thread: two passes over the LRU, again and again as long as all that was tried has gone. */
  *#remap(): Job<void> {
    const { host } = this.service;
    for (;;) {
      host.drain();
      const pages = inactiveFirst(host.columns.flags, this.ranges);
      if (pages.length === 0) return;
      const allWent = yield* this.migration.run(pages);
      if (!allWent) return;
    }
  }

  /** All blocks, or none if the host finds one of them in use. */
  #unplug(): boolean {
    const { host } = this.service;
    const refusing = this.blocks.findIndex((block) => !host.offlineBlock(block));
    for (const block of refusing < 0 ? [] : this.blocks.slice(0, refusing)) host.onlineBlock(block);
    for (const block of refusing < 0 ? this.blocks : [])
      this.events.emit({ kind: 'block-state', block, state: host.blockState(block) });
    return refusing < 0;
  }

  #refusals(): Map<BlockId, readonly RefusalCount[]> {
    const byBlock = new Map<BlockId, readonly RefusalCount[]>();
    for (const [i, range] of this.ranges.entries()) {
      const stayed = whatStayed(this.service, range, (pfn) => this.migration.whyNot(pfn));
      byBlock.set(this.blocks[i]!, stayed);
      if (stayed.length > 0) this.events.emit({ kind: 'refused', range, reason: stayed[0]!.because });
    }
    return byBlock;
  }
}
