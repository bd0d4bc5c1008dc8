import type { MemoryHost } from '../../host/memory-host.js';
import { type MigrationReport, mergeRefusals, type RefusalCount } from '../../migration/migration-report.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import { joinMoves } from '../moves.js';
import type { JobOutcome, OfflineResult } from '../strategy.js';

/** What a strategy did with the blocks of one request. */
export interface OfflineWork {
  /** Its label. */
  readonly strategy: string;
  /** In the order in which they are shown. */
  readonly blocks: readonly BlockId[];
  readonly reports: readonly MigrationReport[];
  /** Why blocks stayed; one that went has none. */
  readonly refusals: ReadonlyMap<BlockId, readonly RefusalCount[]>;
  /** Refusals that belong to no block. */
  readonly overall?: readonly RefusalCount[];
  /** What `reclaim.counters.reclaimed` was before. */
  readonly reclaimedBefore: number;
}

/** Draws up the result: the machine says which blocks are offline, and so how the job ended. */
export function offlineResult(host: MemoryHost, work: OfflineWork): OfflineResult {
  const moved = joinMoves(work.reports);
  const { blockPages, nrPfns } = host.layout;
  const movedFrom = new Uint32Array(Math.ceil(nrPfns / blockPages));
  countByBlock(moved.sources, blockPages, movedFrom);
  const offline = work.blocks.filter((block) => host.blockState(block) === BLOCK_OFFLINE).length;
  return {
    outcome: outcomeOf(offline, work.blocks.length),
    strategy: work.strategy,
    pagesMigrated: moved.sources.length,
    pagesReclaimed: host.reclaim.counters.reclaimed - work.reclaimedBefore,
    blocks: work.blocks.map((block) => ({
      block,
      state: BLOCK_STATE_NAMES[host.blockState(block)],
      pagesMigrated: movedFrom[block]!,
      refusals: work.refusals.get(block) ?? [],
    })),
    refusals: mergeRefusals([...work.refusals.values(), work.overall ?? []]),
    moved,
  };
}

function outcomeOf(offline: number, asked: number): JobOutcome {
  if (offline === asked) return 'done';
  return offline > 0 ? 'partial' : 'refused';
}

/** Most pages stand behind others of their block. */
function countByBlock(pfns: Uint32Array, blockPages: number, counts: Uint32Array): void {
  for (let i = 0; i < pfns.length; ) {
    const block = Math.floor(pfns[i]! / blockPages);
    const [first, start, end] = [i, block * blockPages, (block + 1) * blockPages];
    while (i < pfns.length && pfns[i]! >= start && pfns[i]! < end) i++;
    counts[block] = counts[block]! + i - first;
  }
}
