import type { RangeEvents } from '../../events/range-events.js';
import type { MigrationReport, RefusalCount } from '../../migration/migration-report.js';
import { blockRange } from '../../mm/memory-block.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { BlockId } from '../../mm/units.js';
import { announced } from '../announced.js';
import type { StrategyTools } from '../define-strategy.js';
import { labelOf } from '../labels.js';
import type { Job, Manner, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { askLruOf, unmovableIn } from './ask-range.js';
import { checkedBlocks } from './check-blocks.js';
import { offlineResult } from './offline-result.js';
import { tellDrivers, tellDriversOfTheRest } from './staying.js';

/** How a strategy empties one block that has been isolated. */
export interface BlockMethod {
  /** All that it moved so far, over all blocks. */
  readonly reports: readonly MigrationReport[];
  /** Refusals that belong to no block. */
  readonly overall?: readonly RefusalCount[];
  /** Empties the range as far as it can; returns why pages stayed, as far as it knows better than the pages do. */
  empty(range: PfnRange): Job<readonly RefusalCount[]>;
}

/**
 * Takes the blocks of a request offline one after the other, each a request of its own to the kernel: nothing keeps
 * pages of one block from moving to the next. A block that refuses is given back, blocks that went stay offline. They
 * are taken in ascending order, or in one that the strategy states.
 *
 * @throws VacateError kind 'range'.
 */
export function oneByOne(
  strategy: Pick<OfflineStrategy, 'name' | 'modes'>,
  tools: StrategyTools,
  request: OfflineRequest & Manner,
  method: BlockMethod,
  order: (a: BlockId, b: BlockId) => number = (a, b) => a - b,
): Job<OfflineResult> {
  const { host } = tools.service;
  const blocks = checkedBlocks(host, request.blocks).sort(order);
  const ranges = blocks.map((block) => blockRange(block, host.layout.blockPages));
  const label = labelOf(strategy, request);
  return announced(
    tools.events,
    { frontEnd: 'offline', strategy: label, ranges },
    takeAll(tools, label, blocks, method),
  );
}

function* takeAll(
  tools: StrategyTools,
  label: string,
  blocks: readonly BlockId[],
  method: BlockMethod,
): Job<OfflineResult> {
  const { host } = tools.service;
  const reclaimedBefore = host.reclaim.counters.reclaimed;
  const refusals = new Map<BlockId, readonly RefusalCount[]>();
  for (const [done, block] of blocks.entries()) {
    yield { step: 'scanning', done, total: blocks.length };
    refusals.set(block, yield* takeOffline(tools, block, method));
  }
  const ascending = [...blocks].sort((a, b) => a - b);
  const { reports, overall = [] } = method;
  return offlineResult(host, { strategy: label, blocks: ascending, reports, refusals, overall, reclaimedBefore });
}

/** None, or why the block is still online. */
function* takeOffline(tools: StrategyTools, block: BlockId, method: BlockMethod): Job<readonly RefusalCount[]> {
  const { host } = tools.service;
  tellDrivers(host, [block]);
  try {
    return yield* emptied(tools, block, method);
  } finally {
    tellDriversOfTheRest(host, [block]);
  }
}

function* emptied(
  { service, events }: StrategyTools,
  block: BlockId,
  method: BlockMethod,
): Job<readonly RefusalCount[]> {
  const { host } = service;
  const range = blockRange(block, host.layout.blockPages);
  host.drain();
  const unmovable = unmovableIn(service, range);
  if (unmovable.length > 0) return refused(events, range, unmovable);
  let gone = false;
  let told: readonly RefusalCount[] = [];
  host.isolateRange(range);
  try {
    events.emit({ kind: 'range-isolated', range });
    yield { step: 'isolating', done: 1, total: 1 };
    told = yield* method.empty(range);
    host.drain();
    gone = host.offlineBlock(block);
  } finally {
    if (!gone) {
      host.undoIsolateRange(range);
      events.emit({ kind: 'range-isolation-undone', range });
    }
  }
  if (!gone) return refused(events, range, told.length > 0 ? told : askLruOf(service, range).counts(service.handlers));
  events.emit({ kind: 'block-state', block, state: host.blockState(block) });
  return [];
}

function refused(events: RangeEvents, range: PfnRange, because: readonly RefusalCount[]): readonly RefusalCount[] {
  events.emit({ kind: 'refused', range, reason: because[0]?.because ?? 'some of its pages stayed' });
  return because;
}
