import { type Pfn } from '../../mm/units.js';
import { readFilePage, writeFilePage } from '../../sim/access.js';
import { forkProcess, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile, truncateFile } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, mustBeOk, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const NO_SLOT = 'a file is behind it, not swap';
const CANNOT_BE: readonly Skip[] = [
  { name: 'migrate keeps the swap slot', because: NO_SLOT },
  { name: 'a swap entry leads to the new page', because: NO_SLOT },
];

/**
 * Pages of files: clean, dirty, with buffers, mapped, shared.
 *
 * @example
 * for (const { pfn, state } of fileBackedFixture().pages) console.log(formatPfn(pfn), state);
 */
export function fileBackedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createFile(m, 8);
  const cached = (page: number, buffers: boolean): Pfn => {
    mustBeOk(writeFilePage(m, CPU, file, page, page, 77, buffers));
    return readFilePage(m, CPU, file, page);
  };
  pages.add('clean and unmapped', readFilePage(m, CPU, file, 0));
  pages.add('dirty and unmapped', cached(1, false));
  pages.add('dirty, with buffers', cached(2, true));
  const written = pages.add('written back, with buffers', cached(3, true));
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const other = newSpace(m, 4, { file, flags: VM_SHARED, offset: 4 });
  pages.add('dirty through a mapping', write(m, shared.mm, shared.vpn + 4));
  pages.add('mapped by two processes', read(m, shared.mm, shared.vpn + 5));
  read(m, other.mm, other.vpn + 1);
  const library = newSpace(m, 8, { file });
  pages.add('mapped privately, and shared by fork', read(m, library.mm, library.vpn + 6));
  forkProcess(m, CPU, library.mm);
  const shrinking = createFile(m, 1);
  const cut = readFilePage(m, CPU, shrinking, 0);
  settle(m);
  startWriteback(m, written);
  advance(m, CPU, WRITE_LATENCY_NS);
  const truncated: Provocation = {
    pfn: cut,
    from: 'refuses',
    provoke: () => {
      pin(m, cut, FOR_EVER);
      truncateFile(m, CPU, shrinking, 0);
    },
    relieve: () => void unpin(m, CPU, cut),
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, written), truncated } };
}

/**
 * For page types that claim pages of files. Causes: `off-lru`, as for anonymous pages; `truncated`, the file is cut while
 * somebody holds its last page.
 *
 * @example
 * import fileBacked from 'vacate/plugins/file-backed';
 *
 * const cases = pageTypeConformance(fileBacked, fileBackedPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function fileBackedPages(
  refusals: Provoked<'off-lru' | 'truncated'> = { 'off-lru': 'off-lru', truncated: 'truncated' },
): PageTypeOptions {
  return { fixture: () => provoked(fileBackedFixture(), refusals), skip: CANNOT_BE };
}
