import { writeFilePage } from '../../sim/access.js';
import { forkProcess, setLocked, VM_LOCKED, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile, createShmem, truncateFile } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { mlockPage } from '../../sim/mlock.js';
import { addToSwap } from '../../sim/swap.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, mustBeOk, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const CANNOT_BE: readonly Skip[] = [
  { name: 'a swap entry leads to the new page', because: 'whoever has it locked has it mapped' },
];

/**
 * Pages that must stay in memory: anonymous, shared by fork, in the swap cache, of files, of shared memory.
 *
 * @example
 * for (const { pfn, state } of mlockedFixture().pages) console.log(formatPfn(pfn), state);
 */
export function mlockedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const heap = newSpace(m, 4, { flags: VM_WRITE | VM_LOCKED });
  const anonymous = pages.add('anonymous', write(m, heap.mm, heap.vpn));
  const swapped = pages.add('anonymous, and in the swap cache', write(m, heap.mm, heap.vpn + 1));
  const family = newSpace(m, 1, { flags: VM_WRITE | VM_LOCKED });
  pages.add('anonymous, and mapped by a child that has not locked it', write(m, family.mm, family.vpn));
  forkProcess(m, CPU, family.mm);
  const file = createFile(m, 4);
  mustBeOk(writeFilePage(m, CPU, file, 1, 1, 77, true));
  const library = newSpace(m, 2, { file, flags: VM_SHARED | VM_LOCKED });
  const other = newSpace(m, 2, { file, flags: VM_SHARED });
  pages.add('of a file, clean', read(m, library.mm, library.vpn));
  pages.add('of a file, dirty, with buffers', read(m, library.mm, library.vpn + 1));
  read(m, other.mm, other.vpn + 1);
  const segment = newSpace(m, 1, { file: createShmem(m, 1), flags: VM_WRITE | VM_SHARED | VM_LOCKED });
  pages.add('shared memory', write(m, segment.mm, segment.vpn));
  const late = newSpace(m, 1);
  pages.add('locked after it was written', write(m, late.mm, late.vpn));
  const shrinking = createFile(m, 1);
  const view = newSpace(m, 1, { file: shrinking, flags: VM_SHARED | VM_LOCKED });
  const cut = read(m, view.mm, view.vpn);
  settle(m);
  addToSwap(m, swapped);
  setLocked(m, late.vma, true);
  const ownerGone: Provocation = {
    pfn: cut,
    from: 'refuses',
    provoke: () => {
      pin(m, cut, FOR_EVER);
      truncateFile(m, CPU, shrinking, 0);
      // That munlock comes later than truncation is what mlock_drain allows.
      mlockPage(m, cut);
    },
    relieve: () => void unpin(m, CPU, cut),
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, anonymous), 'owner-gone': ownerGone } };
}

/**
 * For page types that claim mlocked pages. Causes: `off-lru`, as for anonymous pages; `owner-gone`, the file is cut while
 * somebody holds its last page.
 *
 * @example
 * import mlocked from 'vacate/plugins/mlocked';
 *
 * const cases = pageTypeConformance(mlocked, mlockedPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function mlockedPages(
  refusals: Provoked<'off-lru' | 'owner-gone'> = { 'off-lru': 'off-lru', 'owner-gone': 'owner-gone' },
): PageTypeOptions {
  return { fixture: () => provoked(mlockedFixture(), refusals), skip: CANNOT_BE };
}
