import type { BlockId } from '../mm/units.js';
import type { RoomBook } from './room.js';
import type { OfflineOrder } from './verdict.js';

/** Beyond so many blocks trying out every order takes longer than it is worth; the highest then goes first, as with chmem. */
const BLOCKS_MAX = 2048;

/**
 * The order in which blocks go one by one with the fewest copies. Nothing keeps the kernel from moving pages into a block
 * whose turn comes next, so they are moved again. Simulated block by block: targets come out of blocks that are partly in
 * use first, then out of untouched ones, from below, as its free lists have them; out of the same zone while it has room.
 */
export function bestOrder(room: RoomBook, blocks: readonly BlockId[]): OfflineOrder {
  const ascending = [...blocks].sort((a, b) => a - b);
  const descending = [...ascending].reverse();
  if (blocks.length > BLOCKS_MAX) {
    const pagesCopied = blocks.reduce((sum, block) => sum + room.survey.used[block]!, 0);
    return { blocks: descending, pagesCopied, pagesCopiedAscending: pagesCopied, pagesCopiedDescending: pagesCopied };
  }
  const { used } = room.survey;
  const emptiest = [...ascending].sort((a, b) => used[a]! - used[b]! || b - a);
  const fullest = [...ascending].sort((a, b) => used[b]! - used[a]! || b - a);
  const ways = [descending, emptiest, fullest, ascending].map((order) => ({ order, copied: copiesOf(room, order) }));
  const best = ways.reduce((least, way) => (way.copied < least.copied ? way : least));
  return {
    blocks: best.order,
    pagesCopied: best.copied,
    pagesCopiedAscending: ways[3]!.copied,
    pagesCopiedDescending: ways[0]!.copied,
  };
}

/** Pages copied when the blocks go in this order. */
function copiesOf(room: RoomBook, order: readonly BlockId[]): number {
  const free = Uint32Array.from(room.survey.free);
  const used = Uint32Array.from(room.survey.used);
  const targets = targetsOf(room);
  // Before these every target is full, or gone: none of them gets free pages again.
  const first = { forMovable: 0, forKernel: 0 };
  let copied = 0;
  for (const block of order) {
    let left = used[block]!;
    copied += left;
    free[block] = 0;
    used[block] = 0;
    const of = room.isInMovable(block) ? 'forMovable' : 'forKernel';
    for (let at = first[of]; at < targets[of].length && left > 0; at++) {
      const target = targets[of][at]!;
      const taken = Math.min(left, free[target]!);
      free[target] = free[target]! - taken;
      used[target] = used[target]! + taken;
      left -= taken;
      if (at === first[of] && free[target] === 0) first[of]++;
    }
  }
  return copied;
}

/** Blocks with free pages, in the order in which they are handed out: Movable ones first, if they may be used at all. */
function targetsOf(room: RoomBook): { forMovable: BlockId[]; forKernel: BlockId[] } {
  const { free, used } = room.survey;
  const all = [...free.keys()].filter((block) => free[block]! > 0 && room.zoneOf(block) >= 0);
  const inOrder = [...all.filter((block) => used[block]! > 0), ...all.filter((block) => used[block] === 0)];
  const forKernel = inOrder.filter((block) => !room.isInMovable(block));
  return { forMovable: [...inOrder.filter((block) => room.isInMovable(block)), ...forKernel], forKernel };
}
