import { PG_WRITEBACK } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { forkProcess, unmapVma, VM_SHARED, VM_WRITE, zapPte } from '../../sim/address-space.js';
import { createShmem, truncateFile } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { addHugeShmemPage, faultHugePage } from '../../sim/huge-pages.js';
import type { Machine } from '../../sim/machine.js';
import { clearIndex } from '../../sim/mappings.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { at, CPU, FOR_EVER, mustBeOk, newSpace, offLru, Pages, read, type Space, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

/** 16 KiB, the smallest that anonymous memory comes in (multi-size THP): every step is taken for each of its pages. */
const ORDER = 2;
const NR = 2 ** ORDER;
const NO_SLOT = 'it is split before it goes to the swap cache';
const CANNOT_BE: readonly Skip[] = [
  { name: 'migrate keeps the swap slot', because: NO_SLOT },
  { name: 'a swap entry leads to the new page', because: NO_SLOT },
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems' },
];

/**
 * Compound pages of 4: of processes, shared by fork, mapped in part; and of shared memory, mapped or not.
 *
 * @example
 * for (const { pfn, state } of thpFixture().pages) console.log(formatPfn(pfn), state);
 */
export function thpFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const once = pages.add('mapped once', hugeOf(m, newSpace(m, NR)));
  const family = newSpace(m, NR);
  pages.add('shared by fork', hugeOf(m, family));
  forkProcess(m, CPU, family.mm);
  const parent = newSpace(m, NR);
  pages.add('mapped in part by one of two processes', hugeOf(m, parent));
  const child = forkProcess(m, CPU, parent.mm);
  for (let i = 0; i < NR / 2; i++) zapPte(m, CPU, child, parent.vpn + i, m.mmVmas[child]!);
  const file = createShmem(m, 2 * NR);
  pages.add('of shared memory, unmapped', addHugeShmemPage(m, CPU, file, 0, ORDER));
  const window = newSpace(m, NR, { file, flags: VM_WRITE | VM_SHARED, offset: NR });
  const other = newSpace(m, NR, { file, flags: VM_SHARED, offset: NR });
  pages.add('of shared memory, mapped in part', addHugeShmemPage(m, CPU, file, NR, ORDER));
  write(m, window.mm, window.vpn);
  write(m, window.mm, window.vpn + 3);
  read(m, other.mm, other.vpn);
  const leaving = causes(m);
  settle(m);
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, once), ...leaving } };
}

/** A huge page at the start of a mapping, with other words in each of its pages. */
function hugeOf(m: Machine, { mm, vpn }: Space): Pfn {
  mustBeOk(faultHugePage(m, CPU, mm, vpn, ORDER));
  for (let i = 0; i < NR; i++) write(m, mm, vpn + i);
  return at(m, mm, vpn);
}

/** Pages that are about to have no mapping any more, or to be written. */
function causes(m: Machine): Record<'mapping-gone' | 'truncated' | 'split-refused', Provocation> {
  const dying = newSpace(m, NR);
  const orphan = hugeOf(m, dying);
  const shrinking = createShmem(m, NR);
  const cut = addHugeShmemPage(m, CPU, shrinking, 0, ORDER);
  const busy = hugeOf(m, newSpace(m, NR));
  const toggle = (): void => {
    m.flags[busy + 1] = m.flags[busy + 1]! ^ PG_WRITEBACK;
  };
  const pinAll = (head: Pfn): void => {
    for (let i = 0; i < NR; i++) pin(m, head + i, FOR_EVER);
  };
  const unpinAll = (head: Pfn): void => {
    for (let i = 0; i < NR; i++) unpin(m, CPU, head + i);
  };
  return {
    'mapping-gone': {
      pfn: orphan,
      from: 'refuses',
      // As in the kernel, nothing leads to it once its last process has ended, while a device still holds it.
      provoke: () => {
        pinAll(orphan);
        unmapVma(m, CPU, dying.vma);
        for (let i = 0; i < NR; i++) clearIndex(m, orphan + i);
      },
      relieve: () => unpinAll(orphan),
    },
    truncated: {
      pfn: cut,
      from: 'refuses',
      provoke: () => {
        pinAll(cut);
        truncateFile(m, CPU, shrinking, 0);
      },
      relieve: () => unpinAll(cut),
    },
    'split-refused': { pfn: busy, from: 'refusesSplit', provoke: toggle, relieve: toggle },
  };
}

/**
 * For page types that claim transparent huge pages. Causes: `off-lru`, as for anonymous pages; `mapping-gone`, the last
 * process of one ends while a device still holds it; `truncated`, its file is cut meanwhile; `split-refused`, a page of it
 * is being written when it would have to be split.
 *
 * @example
 * import thp from 'vacate/plugins/thp';
 *
 * const cases = pageTypeConformance(thp, thpPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function thpPages(
  refusals: Provoked<'off-lru' | 'mapping-gone' | 'truncated' | 'split-refused'> = {
    'off-lru': 'off-lru',
    'mapping-gone': 'mapping-gone',
    truncated: 'truncated',
    'split-refused': 'split-refused',
  },
): PageTypeOptions {
  return { fixture: () => provoked(thpFixture(), refusals), skip: CANNOT_BE };
}
