import { readFilePage, writeFilePage } from '../../sim/access.js';
import { forkProcess, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createShmem, truncateFile } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { moveToSwapCache } from '../../sim/shmem.js';
import { swapSlotOf } from '../../sim/swap.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, mustBeOk, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const CANNOT_BE: readonly Skip[] = [
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems with a disk' },
  { name: 'a swap entry leads to the new page', because: 'the swap entry is in its file, not in a page table' },
];

/**
 * Pages of tmpfs: written, mapped by one and by several, on their way to swap, written there, come back.
 *
 * @example
 * for (const { pfn, state } of shmemFixture().pages) console.log(formatPfn(pfn), state);
 */
export function shmemFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createShmem(m, 8);
  const cached = (page: number): number => {
    mustBeOk(writeFilePage(m, CPU, file, page, page, 77, false));
    return readFilePage(m, CPU, file, page);
  };
  const unmapped = pages.add('written, and not mapped', cached(0));
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const other = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  pages.add('written through a mapping', write(m, shared.mm, shared.vpn + 1));
  pages.add('mapped by two processes', write(m, shared.mm, shared.vpn + 2));
  read(m, other.mm, other.vpn + 2);
  pages.add('mapped by a family', write(m, other.mm, other.vpn + 3));
  const leaving = pages.add('in the swap cache, and not yet written', cached(4));
  const written = pages.add('in the swap cache, and written', cached(5));
  const back = pages.add('back from swap', cached(6));
  forkProcess(m, CPU, other.mm);
  const shrinking = createShmem(m, 1);
  mustBeOk(writeFilePage(m, CPU, shrinking, 0, 1, 1, false));
  const cut = readFilePage(m, CPU, shrinking, 0);
  settle(m);
  for (const pfn of [leaving, written, back]) moveToSwapCache(m, pfn);
  for (const pfn of [written, back]) startWriteback(m, pfn);
  advance(m, CPU, WRITE_LATENCY_NS);
  readFilePage(m, CPU, file, 6);
  const slot = swapSlotOf(m, leaving);
  const slotTaken: Provocation = {
    pfn: leaving,
    from: 'migrate',
    provoke: () => {
      m.swapCache[slot] = written + 1;
    },
    relieve: () => {
      m.swapCache[slot] = leaving + 1;
    },
  };
  const truncated: Provocation = {
    pfn: cut,
    from: 'refuses',
    provoke: () => {
      pin(m, cut, FOR_EVER);
      truncateFile(m, CPU, shrinking, 0);
    },
    relieve: () => void unpin(m, CPU, cut),
  };
  const refusals = { 'off-lru': offLru(m, unmapped), truncated, 'slot-taken': slotTaken };
  return { machine: m, pages: pages.list, refusals };
}

/**
 * For page types that claim shared memory. Causes: `off-lru` and `truncated`, as for files; `slot-taken`, as for the swap
 * cache.
 *
 * @example
 * import shmem from 'vacate/plugins/shmem';
 *
 * const cases = pageTypeConformance(shmem, shmemPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function shmemPages(
  refusals: Provoked<'off-lru' | 'truncated' | 'slot-taken'> = {
    'off-lru': 'off-lru',
    truncated: 'truncated',
    'slot-taken': 'slot-taken',
  },
): PageTypeOptions {
  return { fixture: () => provoked(shmemFixture(), refusals), skip: CANNOT_BE };
}
