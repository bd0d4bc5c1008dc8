import { PG_ACTIVE } from '../../mm/page-flags.js';
import { exitProcess, forkProcess, unmapVma } from '../../sim/address-space.js';
import { pin } from '../../sim/holds.js';
import { changeLruFlags } from '../../sim/lru.js';
import { clearIndex } from '../../sim/mappings.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const NO_DEVICE = 'no disk and no swap stands behind it, so nobody ever writes it';
const NO_SLOT = 'only page tables name it: it is in no cache';
const CANNOT_BE: readonly Skip[] = [
  { name: 'a page under writeback is refused, and nothing changes', because: NO_DEVICE },
  { name: 'a page under writeback goes once its write has completed', because: NO_DEVICE },
  { name: 'a dirty page can be written back from its new place', because: NO_DEVICE },
  { name: 'migrate re-points the slot, and leaves its tags', because: NO_SLOT },
  { name: 'migrate keeps the swap slot', because: NO_SLOT },
  { name: 'a swap entry leads to the new page', because: NO_SLOT },
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems' },
];

/**
 * Anonymous pages outside the swap cache, on a machine of their own that is at rest: mapped once, only read, active, shared
 * by fork, copied, left by a parent. Each call makes another machine; its refusals are those that `anonymousPages` names.
 *
 * @example
 * for (const { pfn, state } of anonymousFixture().pages) console.log(formatPfn(pfn), state);
 */
export function anonymousFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { mm, vpn } = newSpace(m, 8);
  const once = pages.add('mapped once', write(m, mm, vpn));
  pages.add('only ever read', read(m, mm, vpn + 1));
  const active = pages.add('active', write(m, mm, vpn + 2));
  const family = newSpace(m, 4);
  pages.add('shared by fork', write(m, family.mm, family.vpn));
  write(m, family.mm, family.vpn + 1);
  const child = forkProcess(m, CPU, family.mm);
  pages.add("a child's own copy", write(m, child, family.vpn + 1));
  pages.add('shared by three, through two forks', write(m, child, family.vpn + 2));
  forkProcess(m, CPU, forkProcess(m, CPU, child));
  const parent = newSpace(m, 2);
  pages.add('left by a parent that has ended', write(m, parent.mm, parent.vpn));
  forkProcess(m, CPU, parent.mm);
  exitProcess(m, CPU, parent.mm);
  const dying = newSpace(m, 1);
  const orphan = write(m, dying.mm, dying.vpn);
  settle(m);
  changeLruFlags(m, active, PG_ACTIVE, 0);
  const anonVmaGone: Provocation = {
    pfn: orphan,
    from: 'refuses',
    // Its last process ends while a device still holds it: as in the kernel, nothing leads to the page any more.
    provoke: () => {
      pin(m, orphan, FOR_EVER);
      unmapVma(m, CPU, dying.vma);
      clearIndex(m, orphan);
    },
    relieve: () => void unpin(m, CPU, orphan),
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, once), 'anon-vma-gone': anonVmaGone } };
}

/**
 * For page types that claim anonymous pages outside the swap cache. Causes: `off-lru`, its owner takes a page off the
 * LRU in the moment in which it is to be isolated; `anon-vma-gone`, its last process ends while a device still holds it.
 * Without an argument the plugin calls its refusals the same.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const cases = pageTypeConformance(anonymous, anonymousPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function anonymousPages(
  refusals: Provoked<'off-lru' | 'anon-vma-gone'> = { 'off-lru': 'off-lru', 'anon-vma-gone': 'anon-vma-gone' },
): PageTypeOptions {
  return { fixture: () => provoked(anonymousFixture(), refusals), skip: CANNOT_BE };
}
