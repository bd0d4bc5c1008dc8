import { writePage } from '../../sim/access.js';
import { exitProcess, forkProcess } from '../../sim/address-space.js';
import { pin } from '../../sim/holds.js';
import { mergePages } from '../../sim/ksm.js';
import type { Machine } from '../../sim/machine.js';
import { leaveStableNode } from '../../sim/stable-nodes.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { at, CPU, FOR_EVER, mustBeOk, newSpace, offLru, Pages, type Space } from './make-pages.js';
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

/** Has the first pages of spaces hold the same, and merges them into that of the first one. */
function merged(m: Machine, [first, ...others]: readonly Space[], page: number): number {
  for (const { mm, vpn } of [first!, ...others]) mustBeOk(writePage(m, CPU, mm, vpn + page, 5, page));
  for (const { mm, vpn } of others)
    if (!mergePages(m, CPU, { mm: first!.mm, vpn: first!.vpn + page }, { mm, vpn: vpn + page }))
      throw new Error(`page ${page} of process ${mm} is not merged`);
  return at(m, first!.mm, first!.vpn + page);
}

/**
 * Pages that KSM has merged: of two processes, of three, of one alone, of a family, left by whoever had it first.
 *
 * @example
 * for (const { pfn, state } of ksmFixture().pages) console.log(formatPfn(pfn), state);
 */
export function ksmFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const [one, two, three] = [newSpace(m, 6), newSpace(m, 6), newSpace(m, 6)];
  const shared = pages.add('shared by two processes', merged(m, [one, two], 0));
  pages.add('shared by three processes', merged(m, [one, two, three], 1));
  mustBeOk(writePage(m, CPU, one.mm, one.vpn + 2, 9, 9));
  mustBeOk(writePage(m, CPU, one.mm, one.vpn + 3, 9, 9));
  mergePages(m, CPU, { mm: one.mm, vpn: one.vpn + 2 }, { mm: one.mm, vpn: one.vpn + 3 });
  pages.add('mapped twice by one process', at(m, one.mm, one.vpn + 2));
  const first = newSpace(m, 1);
  pages.add('left by the process that had it first', merged(m, [first, two], 0));
  exitProcess(m, CPU, first.mm);
  const [parent, stranger] = [newSpace(m, 2), newSpace(m, 2)];
  pages.add('shared by a family and a stranger', merged(m, [parent, stranger], 0));
  pages.add('left to one after the other has written', merged(m, [parent, stranger], 1));
  mustBeOk(writePage(m, CPU, parent.mm, parent.vpn + 1, 1, 1));
  forkProcess(m, CPU, parent.mm);
  const [dying, too] = [newSpace(m, 1), newSpace(m, 1)];
  const orphan = merged(m, [dying, too], 0);
  settle(m);
  const stableNodeGone: Provocation = {
    pfn: orphan,
    from: 'refuses',
    // Its last processes end while a device still holds it, and ksmd finds its node stale.
    provoke: () => {
      pin(m, orphan, FOR_EVER);
      for (const { mm } of [dying, too]) exitProcess(m, CPU, mm);
      leaveStableNode(m, orphan);
    },
    relieve: () => void unpin(m, CPU, orphan),
  };
  return {
    machine: m,
    pages: pages.list,
    refusals: { 'off-lru': offLru(m, shared), 'stable-node-gone': stableNodeGone },
  };
}

/**
 * For page types that claim pages that KSM has merged. Causes: `off-lru`, as for anonymous pages; `stable-node-gone`, the last
 * process that shares it ends while a device still holds it.
 *
 * @example
 * import ksm from 'vacate/plugins/ksm';
 *
 * const cases = pageTypeConformance(ksm, ksmPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function ksmPages(
  refusals: Provoked<'off-lru' | 'stable-node-gone'> = { 'off-lru': 'off-lru', 'stable-node-gone': 'stable-node-gone' },
): PageTypeOptions {
  return { fixture: () => provoked(ksmFixture(), refusals), skip: CANNOT_BE };
}
