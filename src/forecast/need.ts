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
  let chosen = cheapestOf(room, movable, kernel, Math.min(wanted, candidates.length));
  // Whatever there is room for, there is room for one block less.
  let most = Math.min(wanted, candidates.length) - 1;
  for (let least = 0; chosen === null && least <= most; ) {
    const count = Math.ceil((least + most) / 2);
    const found = cheapestOf(room, movable, kernel, count);
    if (found === null) most = count - 1;
    else if (count === most) chosen = found;
    else least = count;
  }
  const asked = { askedBytes, wanted, blockBytes, nrCandidates: candidates.length };
  return needOf(room, chosen ?? [], asked);
}

/** So many blocks with the fewest pages to move for which there is room; null if there is no room for any choice. */
function cheapestOf(
  room: RoomBook,
  movable: readonly Candidate[],
  kernel: readonly Candidate[],
  count: number,
): readonly Candidate[] | null {
  const [fewest, most] = [Math.max(0, count - kernel.length), Math.min(count, movable.length)];
  const costs = { movable: runningCost(movable), kernel: runningCost(kernel) };
  const splits = Array.from({ length: most - fewest + 1 }, (_, index) => most - index).map((fromMovable) => ({
    fromMovable,
    cost: costs.movable[fromMovable]! + costs.kernel[count - fromMovable]!,
  }));
  // A stable sort: of two that cost the same, the one with more blocks out of zone Movable comes first.
  for (const { fromMovable } of splits.sort((a, b) => a.cost - b.cost)) {
    const chosen = [...movable.slice(0, fromMovable), ...kernel.slice(0, count - fromMovable)];
    const numbers = chosen.map(({ block }) => block);
    if (room.roomFor(numbers, moversOf(room, chosen)).missing === 0) return chosen;
  }
  return null;
}

/** What the first 0, 1, 2 ... of them cost together, in pages. */
function runningCost(candidates: readonly Candidate[]): number[] {
  const costs = [0];
  for (const { pagesToMove } of candidates) costs.push(costs.at(-1)! + pagesToMove);
  return costs;
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
