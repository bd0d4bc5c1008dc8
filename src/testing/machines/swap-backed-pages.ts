import { swapPte } from '../../mm/pte.js';
import { type Pfn } from '../../mm/units.js';
import { forkProcess } from '../../sim/address-space.js';
import { type Machine } from '../../sim/machine.js';
import { unmapForGood } from '../../sim/rmap.js';
import { addToSwap, duplicateSwap, swapSlotOf } from '../../sim/swap.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, newSpace, offLru, Pages, read, write } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const CANNOT_BE: readonly Skip[] = [{ name: 'migrate moves buffers', because: 'buffers belong to filesystems' }];

/**
 * Pages of the swap cache: mapped, unmapped, read back, shared by fork.
 *
 * @example
 * for (const { pfn, state } of swapBackedFixture().pages) console.log(formatPfn(pfn), state);
 */
export function swapBackedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { mm, vpn } = newSpace(m, 8);
  const mapped = pages.add('mapped, and not yet written out', write(m, mm, vpn));
  const unmapped = pages.add('unmapped, and not yet written out', write(m, mm, vpn + 1));
  const clean = pages.add('read back, while swap keeps its copy', write(m, mm, vpn + 2));
  const family = newSpace(m, 2);
  const shared = pages.add('shared by fork', write(m, family.mm, family.vpn));
  const readBack = pages.add('read back by one of the two that share it', write(m, family.mm, family.vpn + 1));
  forkProcess(m, CPU, family.mm);
  settle(m);
  for (const pfn of [mapped, unmapped, clean, shared, readBack]) addToSwap(m, pfn);
  for (const pfn of [unmapped, clean, readBack]) swapOut(m, pfn);
  for (const pfn of [clean, readBack]) startWriteback(m, pfn);
  advance(m, CPU, WRITE_LATENCY_NS);
  read(m, mm, vpn + 2);
  read(m, family.mm, family.vpn + 1);
  const slot = swapSlotOf(m, mapped);
  const slotTaken: Provocation = {
    pfn: mapped,
    from: 'migrate',
    provoke: () => {
      m.swapCache[slot] = unmapped + 1;
    },
    relieve: () => {
      m.swapCache[slot] = mapped + 1;
    },
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, mapped), 'slot-taken': slotTaken } };
}

/** Takes a swap-cache page's mappings away, leaving swap entries. */
function swapOut(m: Machine, pfn: Pfn): void {
  const slot = swapSlotOf(m, pfn);
  unmapForGood(m, pfn, swapPte(slot), () => duplicateSwap(m, slot));
}

/**
 * For page types that claim pages of the swap cache. Causes: `off-lru`, as for anonymous pages; `slot-taken`, the slot
 * turns out to name another page when the handler is to move it.
 *
 * @example
 * import swapBacked from 'vacate/plugins/swap-backed';
 *
 * const cases = pageTypeConformance(swapBacked, swapBackedPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function swapBackedPages(
  refusals: Provoked<'off-lru' | 'slot-taken'> = { 'off-lru': 'off-lru', 'slot-taken': 'slot-taken' },
): PageTypeOptions {
  return { fixture: () => provoked(swapBackedFixture(), refusals), skip: CANNOT_BE };
}
