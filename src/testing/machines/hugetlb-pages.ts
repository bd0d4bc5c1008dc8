import { PG_HEAD, PG_HUGE, PG_TAIL } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { allocateKernelPages } from '../../sim/access.js';
import { VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { truncateFile } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { createHugetlbFile, growPool, hugetlbPage } from '../../sim/hugetlb.js';
import type { Machine } from '../../sim/machine.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, newSpace, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

/** 16 KiB, the smallest that there is (PowerPC 8xx): every step is taken for each of its pages. */
export const HUGETLB_ORDER = 2;
const NR = 2 ** HUGETLB_ORDER;
const NOT_ON_LRU = 'no LRU ever has a page of hugetlb';
const NOT_WRITTEN = 'no disk and no swap stands behind hugetlbfs';
const CANNOT_BE: readonly Skip[] = [
  { name: 'a page off the LRU is refused, and nothing changes', because: NOT_ON_LRU },
  { name: 'a page off the LRU goes once it is back on it', because: NOT_ON_LRU },
  { name: 'a page under writeback is refused, and nothing changes', because: NOT_WRITTEN },
  { name: 'a page under writeback goes once its write has completed', because: NOT_WRITTEN },
  { name: 'a dirty page can be written back from its new place', because: NOT_WRITTEN },
  { name: 'migrate keeps the swap slot', because: NOT_WRITTEN },
  { name: 'a swap entry leads to the new page', because: NOT_WRITTEN },
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems with a disk' },
];

/**
 * Huge pages of files: mapped once, by two processes, unmapped; and an unused one that a file has been promised.
 *
 * @example
 * for (const { pfn, state } of hugetlbFixture().pages) console.log(formatPfn(pfn), state);
 */
export function hugetlbFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  growPool(m, CPU, HUGETLB_ORDER, 6);
  const file = createHugetlbFile(m, HUGETLB_ORDER, 4, true);
  const window = newSpace(m, 4 * NR, { file, flags: VM_WRITE | VM_SHARED });
  const fill = (page: number): Pfn => {
    for (let i = 0; i < NR; i++) write(m, window.mm, window.vpn + page * NR + i);
    return read(m, window.mm, window.vpn + page * NR);
  };
  pages.add('mapped once', fill(0));
  pages.add('mapped by two processes', fill(1));
  const other = newSpace(m, NR, { file, flags: VM_SHARED, offset: NR });
  read(m, other.mm, other.vpn);
  pages.add('unmapped', hugetlbPage(m, CPU, file, 2 * NR));
  pages.add('only ever read', read(m, window.mm, window.vpn + 3 * NR));
  const shrinking = createHugetlbFile(m, HUGETLB_ORDER, 1, false);
  const cut = hugetlbPage(m, CPU, shrinking, 0);
  settle(m);
  return {
    machine: m,
    pages: pages.list,
    refusals: { released: released(m, shrinking, cut), reserved: reserved(m), 'of no pool': ofNoPool(m) },
  };
}

/** A file is cut while somebody still holds its page. */
function released(m: Machine, file: number, cut: Pfn): Provocation {
  return {
    pfn: cut,
    from: 'refuses',
    provoke: () => {
      for (let i = 0; i < NR; i++) pin(m, cut + i, FOR_EVER);
      truncateFile(m, CPU, file, 0);
    },
    relieve: () => {
      for (let i = 0; i < NR; i++) unpin(m, CPU, cut + i);
    },
  };
}

/** The last unused huge page is kept for a file from the start, until the file is gone. */
function reserved(m: Machine): Provocation {
  const promised = createHugetlbFile(m, HUGETLB_ORDER, 1, true);
  const unused = m.flags.findIndex((flags, pfn) => isUnused(flags, m.count[pfn]!));
  return { pfn: unused, from: 'refuses', provoke: () => {}, relieve: () => void truncateFile(m, CPU, promised, 0) };
}

/** One that its owner took from the allocator by itself. */
function ofNoPool(m: Machine): Provocation {
  const pfn = allocateKernelPages(m, CPU, HUGETLB_ORDER - 1, PG_HUGE | PG_TAIL);
  m.flags[pfn] = PG_HUGE | PG_HEAD;
  return { pfn, from: 'refuses', provoke: () => {} };
}

function isUnused(flags: number, count: number): boolean {
  return (flags & (PG_HUGE | PG_HEAD)) === (PG_HUGE | PG_HEAD) && count === 0;
}

/**
 * For page types that claim huge pages of hugetlb. Causes: `released`, the file of one is cut while somebody holds it;
 * `reserved`, an unused one has been promised to a file; `of no pool`, one that is on no pool's books. A refusal of gigantic pages needs a larger machine.
 *
 * @example
 * import hugetlb from 'vacate/plugins/hugetlb';
 *
 * const cases = pageTypeConformance(hugetlb, hugetlbPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function hugetlbPages(
  refusals: Provoked<'released' | 'reserved' | 'of no pool'> = {
    released: 'released',
    reserved: 'reserved',
    'no-pool': 'of no pool',
  },
): PageTypeOptions {
  return { fixture: () => provoked(hugetlbFixture(), refusals), skip: CANNOT_BE };
}
