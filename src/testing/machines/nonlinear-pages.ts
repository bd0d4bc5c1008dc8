import { readFilePage, writeFilePage } from '../../sim/access.js';
import { forkProcess, remapFilePage, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile } from '../../sim/files.js';
import { slotAt } from '../../sim/page-cache.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, mustBeOk, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const NO_SLOT = 'a file is behind it, not swap';
const CANNOT_BE: readonly Skip[] = [
  { name: 'migrate keeps the swap slot', because: NO_SLOT },
  { name: 'a swap entry leads to the new page', because: NO_SLOT },
];

/**
 * Pages of a file that is mapped nonlinearly, and one of a file that is about to be.
 *
 * @example
 * for (const { pfn, state } of nonlinearFixture().pages) console.log(formatPfn(pfn), state);
 */
export function nonlinearFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createFile(m, 8);
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const linear = newSpace(m, 8, { file, flags: VM_SHARED });
  remapFilePage(m, CPU, shared.vma, shared.vpn, 5);
  const elsewhere = pages.add('mapped elsewhere than reverse mapping looks', read(m, shared.mm, shared.vpn));
  pages.add('mapped where reverse mapping looks, too', read(m, shared.mm, shared.vpn + 3));
  pages.add('mapped by a linear mapping only', read(m, linear.mm, linear.vpn + 1));
  pages.add('unmapped', readFilePage(m, CPU, file, 7));
  const twice = pages.add('dirty, with buffers, and mapped twice by one process', readFilePage(m, CPU, file, 2));
  mustBeOk(writeFilePage(m, CPU, file, 2, 2, 77, true));
  remapFilePage(m, CPU, shared.vma, shared.vpn + 4, 2);
  write(m, shared.mm, shared.vpn + 4);
  read(m, shared.mm, shared.vpn + 2);
  read(m, linear.mm, linear.vpn + 2);
  forkProcess(m, CPU, shared.mm);
  const calm = createFile(m, 4);
  const window = newSpace(m, 4, { file: calm, flags: VM_SHARED });
  const pfn = read(m, window.mm, window.vpn);
  settle(m);
  const nonlinearMapping: Provocation = {
    pfn,
    from: 'refuses',
    provoke: () => void remapFilePage(m, CPU, window.vma, window.vpn + 1, 2),
  };
  const slot = slotAt(m, m.index[elsewhere]!);
  const kept = m.leafSlots[slot]!;
  // Whoever truncates waits for the lock, so that its slot is another's only if it was lost before: the handler still looks.
  const truncated: Provocation = {
    pfn: elsewhere,
    from: 'migrate',
    provoke: () => {
      m.leafSlots[slot] = 0;
    },
    relieve: () => {
      m.leafSlots[slot] = kept;
    },
  };
  const refusals = { 'nonlinear-mapping': nonlinearMapping, 'off-lru': offLru(m, twice), truncated };
  return { machine: m, pages: pages.list, refusals };
}

/**
 * For page types that claim pages of files with nonlinear mappings, and move them. Causes: `nonlinear-mapping`, a linear
 * mapping of its file becomes nonlinear; `off-lru`, as for anonymous pages; `truncated`, the cache's slot turns out to be
 * empty when the handler is to move the page.
 *
 * @example
 * import nonlinear from 'vacate/plugins/nonlinear';
 *
 * const cases = pageTypeConformance(nonlinear, nonlinearPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function nonlinearPages(
  refusals: Provoked<'nonlinear-mapping' | 'off-lru' | 'truncated'> = { 'off-lru': 'off-lru', truncated: 'truncated' },
): PageTypeOptions {
  return { fixture: () => provoked(nonlinearFixture(), refusals), skip: CANNOT_BE };
}
