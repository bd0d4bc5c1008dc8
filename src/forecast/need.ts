import { type BlockId, formatBytes, PAGE_SIZE } from '../mm/units.js';
import { bestOrder } from './offline-order.js';
import type { RoomBook } from './room.js';
import { moversOf } from './together.js';
import type { BlockForecast, NeedForecast } from './verdict.js';

type Candidate = Pick<BlockForecast, 'block' | 'pagesToMove'>;

/**
 * The cheapest blocks that make up a size, of those that are sure to go. Blocks are equally large, so of the blocks of one
 * kind of zone the emptiest are the cheapest, and each of them takes the same from the room of its kind: what it frees
 * elsewhere it takes away itself. That leaves one choice, how many of the blocks come out of zone Movable, and all of
 * them are tried: the result is exact.
 */
export function cheapestSet(
  room: RoomBook,
  candidates: readonly Candidate[],
  askedBytes: number,
  blockPages: number,
): NeedForecast {
  const blockBytes = blockPages * PAGE_SIZE;
  const wanted = Math.ceil(askedBytes / blockBytes);
  const byCost = [...candidates].sort((a, b) => a.pagesToMove - b.pagesToMove || b.block - a.block);
  const movable = byCost.filter(({ block }) => room.isInMovable(block));
  const kernel = byCost.filter(({ block }) => !room.isInMovable(block));
  for (let count = Math.min(wanted, candidates.length); ; count--) {
    const chosen = cheapestOf(room, movable, kernel, count);
    if (chosen !== null)
      return needOf(room, chosen, { askedBytes, wanted, blockBytes, nrCandidates: candidates.length });
  }
}

/** So many blocks with the fewest pages to move for which there is room; null if there is no room for any choice. */
function cheapestOf(
  room: RoomBook,
  movable: readonly Candidate[],
  kernel: readonly Candidate[],
  count: number,
): readonly Candidate[] | null {
  let best: readonly Candidate[] | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (
    let fromMovable = Math.min(count, movable.length);
    fromMovable >= Math.max(0, count - kernel.length);
    fromMovable--
  ) {
    const chosen = [...movable.slice(0, fromMovable), ...kernel.slice(0, count - fromMovable)];
    const cost = chosen.reduce((sum, { pagesToMove }) => sum + pagesToMove, 0);
    if (cost >= least) continue;
    const { missing } = room.roomFor(
      chosen.map(({ block }) => block),
      moversOf(room, chosen),
    );
    if (missing > 0) continue;
    best = chosen;
    least = cost;
  }
  return best;
}

function needOf(
  room: RoomBook,
  chosen: readonly Candidate[],
  asked: { askedBytes: number; wanted: number; blockBytes: number; nrCandidates: number },
): NeedForecast {
  const { askedBytes, wanted, blockBytes, nrCandidates } = asked;
  const blocks: BlockId[] = chosen.map(({ block }) => block).sort((a, b) => a - b);
  const pagesToMove = chosen.reduce((sum, each) => sum + each.pagesToMove, 0);
  const enough = blocks.length === wanted;
  const bytes = blocks.length * blockBytes;
  const limit =
    blocks.length < nrCandidates
      ? 'for more there is no room to move their pages to; free memory elsewhere'
      : 'no other block is sure to go';
  return {
    askedBytes,
    bytes,
    enough,
    because: enough
      ? `${formatBytes(bytes)} in ${blocks.length === 1 ? '1 block' : `${blocks.length} blocks`}, the cheapest that are sure to go`
      : `at most ${formatBytes(bytes)} of the ${formatBytes(askedBytes)} can be had: ${limit}`,
    blocks,
    pagesToMove,
    bytesToMove: pagesToMove * PAGE_SIZE,
    order: bestOrder(room, blocks),
    pagesFreeAfter: Math.max(0, room.spareWithout(blocks).all - pagesToMove),
  };
}
