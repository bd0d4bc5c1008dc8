import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_BUDDY, PG_LOCKED, PG_SWAPCACHE } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { offlineBlock } from '../../../src/sim/memory-blocks.js';
import { allocatePages, freePages } from '../../../src/sim/page-allocator.js';
import { isIsolated } from '../../../src/sim/pageblocks.js';
import { addToSwap, hasFreeSwap } from '../../../src/sim/swap.js';
import type { FaultWorld } from './fault-world.js';
import type { FaultKind, Scene } from './kind.js';

const BLOCK = 512;

/** Takes a page as a driver would; it is given back when the world is healed. */
function takePage(world: FaultWorld, type: 0 | 1): boolean {
  const pfn = allocatePages(world.machine, 1, { order: 0, type, node: 0, highest: 'Movable', mark: 'min' });
  if (pfn !== NO_PAGE) world.taken.add(pfn);
  return pfn !== NO_PAGE;
}

function isWhollyFree(m: Machine, block: number): boolean {
  for (let pfn = block * BLOCK; pfn < (block + 1) * BLOCK; pfn++)
    if ((m.flags[pfn]! & PG_BUDDY) === 0 || isIsolated(m, pfn)) return false;
  return true;
}

/** Faults of the allocator and of swap: nowhere to go. */
export const MEMORY_KINDS: readonly FaultKind[] = [
  {
    name: 'target-allocation-fails',
    inflict: ({ world }) => {
      world.targetsFail = () => true;
      return 'done';
    },
  },
  {
    name: 'target-allocation-fails-once',
    inflict: ({ world, chance }) => {
      let left = 1 + chance.below(3);
      world.targetsFail = () => left-- === 1;
      return 'done';
    },
  },
  {
    name: 'high-order-target-fails',
    inflict: ({ world }) => {
      world.targetsFail = (order) => order > 0;
      return 'done';
    },
  },
  {
    name: 'memory-exhausted',
    inflict: ({ world, chance }) => {
      let taken = 0;
      world.touchedAll = true;
      while (takePage(world, chance.below(2) as 0 | 1)) taken++;
      const far = 512 * (1 + chance.below(1000));
      // No page, and no page table either: whoever asks is told so.
      const access = world.places[0]!;
      if (world.write({ ...access, vpn: far }, 1)) throw new Error('a page came out of nowhere');
      return taken > 0 ? 'done' : 'nothing';
    },
  },
  {
    name: 'watermark-raised',
    inflict: ({ world: { machine } }) => {
      machine.watermarkMin.fill(100_000);
      return 'done';
    },
  },
  {
    name: 'per-cpu-lists-filled',
    inflict: ({ world: { machine: m }, chance }) => {
      const pfns: number[] = [];
      for (let i = 0; i < 40 + chance.below(80); i++) {
        const pfn = allocatePages(m, 1, { order: 0, type: 1, node: 0, highest: 'Movable', mark: 'min' });
        if (pfn !== NO_PAGE) pfns.push(pfn);
      }
      for (const pfn of pfns) {
        m.count[pfn] = 0;
        freePages(m, 1, pfn, 0);
      }
      return pfns.length > 0 ? 'done' : 'nothing';
    },
  },
  {
    name: 'targets-get-isolated',
    inflict: ({ world: { machine: m, isolated } }) => {
      for (const start of [BLOCK, 2 * BLOCK]) {
        const range = { start, end: start + BLOCK };
        let free = true;
        for (let pfn = start; pfn < range.end && free; pfn++) free = !isIsolated(m, pfn);
        if (!free || m.blockState[start / BLOCK] !== BLOCK_ONLINE) continue;
        isolateRange(m, range);
        isolated.push(range);
        return 'done';
      }
      return 'nothing';
    },
  },
  {
    name: 'memory-block-goes-offline',
    inflict: ({ world: { machine: m, offline } }) => {
      const block = [2, 1].find((each) => m.blockState[each] === BLOCK_ONLINE && isWhollyFree(m, each));
      if (block === undefined) return 'nothing';
      isolateRange(m, { start: block * BLOCK, end: (block + 1) * BLOCK });
      if (!offlineBlock(m, block)) throw new Error('a free, isolated block stays online');
      offline.push(block);
      return 'done';
    },
  },
  { name: 'swap-full', inflict: fillSwap },
  {
    name: 'target-lock-taken',
    never: { phases: ['isolate'], because: 'no unit has a target yet' },
    inflict: ({ world: { machine: m, trylocked }, inHand, chance }) => {
      const free = inHand.targets.filter((pfn) => (m.flags[pfn]! & PG_LOCKED) === 0 && m.index[pfn] === 0);
      const pfn = free[chance.below(Math.max(1, free.length))];
      if (pfn === undefined) return 'nothing';
      m.flags[pfn] = m.flags[pfn]! | PG_LOCKED;
      trylocked.add(pfn);
      return 'done';
    },
  },
];

/** The hog's pages get all the slots that are left. */
function fillSwap({ world }: Scene): 'done' | 'nothing' {
  const { machine: m, hog } = world;
  if (!hasFreeSwap(m)) return 'nothing';
  // New pages may have to be reclaimed from others first.
  world.touchedAll = true;
  const vma = m.mmVmas[hog.mm]!;
  for (let vpn = hog.vpn; vpn < hog.vpn + hog.nrPages && hasFreeSwap(m); vpn++) {
    let at = world.places.findIndex((place) => place.mm === hog.mm && place.vpn === vpn);
    if (at < 0) at = world.places.push({ mm: hog.mm, vma, vpn, filePage: -1, lo: 0 }) - 1;
    if (!world.write(world.places[at]!, world.stamp())) break;
    const pfn = world.frameOf(at);
    if ((m.flags[pfn]! & (PG_LOCKED | PG_SWAPCACHE)) === 0) addToSwap(m, pfn);
  }
  return hasFreeSwap(m) ? 'nothing' : 'done';
}
