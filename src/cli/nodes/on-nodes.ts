import type { Shards } from '../../container/open-shards.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import type { ShardedHighOrder } from '../../shards/high-order-result.js';
import type { GroupOptions } from '../../shards/shard-group.js';
import type { ShardedOffline } from '../../shards/sharded-offline.js';
import type { LedgerComparison } from '../../sim/ledger.js';
import { interruption } from '../carry-out.js';
import type { Context } from '../context.js';
import { EXIT_REFUSED, exitCodeOf } from '../exit-codes.js';
import { Interrupted } from '../interrupts.js';
import type { NodesPicture } from '../record/nodes-picture.js';
import { type NodesWish, writeNodes } from '../record/record-nodes.js';
import { NodesProgress } from './nodes-progress.js';

type Result = ShardedHighOrder | ShardedOffline;

/** What a job on several nodes came to, and what it cost us. */
export interface DoneOnNodes<R extends Result> {
  readonly result: R;
  /** True if its time was up first. */
  readonly isLate: boolean;
  readonly wallMs: number;
  /** Every page of the nodes that are left, read again. */
  readonly contents: LedgerComparison;
  /** What can be drawn of it; null if nobody wants to. */
  readonly picture: NodesPicture | null;
}

/**
 * Does a job on several nodes, then reads everything again, and ends their threads.
 *
 * @throws Interrupted when the user stopped it, after everything has been put back.
 */
export async function onNodes<R extends Result>(
  context: Context,
  shards: Shards,
  timeoutMs: number | null,
  work: (options: GroupOptions) => Promise<R>,
  wish: NodesWish,
): Promise<DoneOnNodes<R>> {
  const { interrupts, progress } = context;
  const late = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
  const signal = late === null ? interrupts.signal : AbortSignal.any([interrupts.signal, late]);
  try {
    if (wish.path !== undefined || wish.isDrawn) await shards.record();
    const begun = performance.now();
    const result = await work({ signal, onProgress: new NodesProgress(progress).note });
    const wallMs = performance.now() - begun;
    const { strategy } = result;
    const picture = await writeNodes(context, shards, wish, {
      strategy,
      outcome: interrupts.interrupted ? 'interrupted' : result.outcome,
    });
    if (interrupts.interrupted) throw new Interrupted(interruption(standingOf(result)));
    const contents = addUp(await shards.verify());
    return { result, isLate: late?.aborted === true && result.outcome !== 'done', wallMs, contents, picture };
  } finally {
    progress.stop();
    await shards.close();
  }
}

function standingOf(result: Result) {
  const { pagesMigrated, pagesReclaimed } = result;
  const offline = BLOCK_STATE_NAMES[BLOCK_OFFLINE];
  const blocksOffline = 'blocks' in result ? result.blocks.filter(({ state }) => state === offline).length : 0;
  return { pagesMigrated, pagesReclaimed, blocksMade: 'made' in result ? result.made : 0, blocksOffline };
}

function addUp(verified: readonly (LedgerComparison | null)[]): LedgerComparison {
  const known = verified.filter((node) => node !== null);
  return {
    pages: known.reduce((sum, { pages }) => sum + pages, 0),
    wrong: known.reduce((sum, { wrong }) => sum + wrong, 0),
    firstWrong: known.find(({ firstWrong }) => firstWrong !== null)?.firstWrong ?? null,
  };
}

/** A page that reads something else, or a thread that broke down, is a failure, whatever was achieved. */
export function exitCodeOnNodes({ result, contents }: DoneOnNodes<Result>): number {
  const isBroken = contents.wrong > 0 || result.nodes.some(({ lost }) => lost !== null);
  return isBroken ? EXIT_REFUSED : exitCodeOf(result.outcome);
}
