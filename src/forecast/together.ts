import { type BlockId, formatPages, PAGE_SIZE } from '../mm/units.js';
import { bestOrder } from './offline-order.js';
import type { Movers, RoomBook } from './room.js';
import { roomReason } from './room-reason.js';
import type { BlockForecast, TogetherForecast, Verdict } from './verdict.js';

/** Pages of these blocks that have to move, by where they may go. */
export function moversOf(room: RoomBook, blocks: ReadonlyArray<Pick<BlockForecast, 'block' | 'pagesToMove'>>): Movers {
  let fromMovable = 0;
  let fromKernel = 0;
  for (const { block, pagesToMove } of blocks) {
    if (room.isInMovable(block)) fromMovable += pagesToMove;
    else fromKernel += pagesToMove;
  }
  return { fromMovable, fromKernel };
}

/** All of the blocks at once: each must go, and the pages of all of them must find room outside of all of them. */
export function forecastTogether(room: RoomBook, blocks: readonly BlockForecast[]): TogetherForecast {
  const numbers = blocks.map(({ block }) => block);
  const pagesToMove = blocks.reduce((sum, block) => sum + block.pagesToMove, 0);
  const space = room.roomFor(numbers, moversOf(room, blocks));
  const { verdict, because } = verdictTogether(blocks, pagesToMove, roomReason(pagesToMove, space));
  return {
    blocks: numbers,
    verdict,
    because,
    pagesToMove,
    bytesToMove: pagesToMove * PAGE_SIZE,
    room: space,
    order: bestOrder(room, numbers),
  };
}

function verdictTogether(
  blocks: readonly BlockForecast[],
  pagesToMove: number,
  lack: ReturnType<typeof roomReason>,
): { verdict: Verdict; because: string } {
  const of = (verdict: Verdict): BlockId[] =>
    blocks.filter((each) => each.verdict === verdict).map(({ block }) => block);
  const never = of('will-not-go');
  if (never.length > 0) return { verdict: 'will-not-go', because: `${named(never)} will not go` };
  if (lack?.decides === 'will-not-go') {
    const because = `each would go alone, not all together: ${lack.because}`;
    return { verdict: 'will-not-go', because };
  }
  const open = of('cannot-know');
  if (open.length > 0) return { verdict: 'cannot-know', because: `of ${named(open)} it cannot be known` };
  if (lack?.decides === 'cannot-know') return { verdict: 'cannot-know', because: lack.because };
  const because = `each goes, and there is room outside of them for all ${formatPages(pagesToMove)} that must move`;
  return { verdict: 'will-go', because };
}

/** "block 32", "blocks 32, 35 and 4 more". */
function named(blocks: readonly BlockId[]): string {
  const first = blocks.slice(0, 4).join(', ');
  const rest = blocks.length - 4;
  return `${blocks.length === 1 ? 'block' : 'blocks'} ${first}${rest > 0 ? ` and ${rest} more` : ''}`;
}
