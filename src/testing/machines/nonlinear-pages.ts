import { readFilePage } from '../../sim/access.js';
import { remapFilePage, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile } from '../../sim/files.js';
import { type Fixture } from '../page-types/world.js';
import { CPU, newSpace, Pages, read } from './make-pages.js';
import { settle, smallMachine } from './small-machine.js';

/** Pages of a file that is mapped nonlinearly, and one of a file that is about to be. */
export function nonlinearFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createFile(m, 8);
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const linear = newSpace(m, 8, { file, flags: VM_SHARED });
  remapFilePage(m, CPU, shared.vma, shared.vpn, 5);
  pages.add('mapped elsewhere than reverse mapping looks', read(m, shared.mm, shared.vpn));
  pages.add('mapped where reverse mapping looks, too', read(m, shared.mm, shared.vpn + 3));
  pages.add('mapped by a linear mapping only', read(m, linear.mm, linear.vpn + 1));
  pages.add('unmapped', readFilePage(m, CPU, file, 7));
  const calm = createFile(m, 4);
  const window = newSpace(m, 4, { file: calm, flags: VM_SHARED });
  const pfn = read(m, window.mm, window.vpn);
  settle(m);
  const provoke = () => void remapFilePage(m, CPU, window.vma, window.vpn + 1, 2);
  return { machine: m, pages: pages.list, refusals: { 'nonlinear-mapping': { pfn, from: 'refuses', provoke } } };
}
