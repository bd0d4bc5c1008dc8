import { PG_ANON, PG_KSM, PG_LRU, PG_SWAPBACKED, PG_SWAPCACHE, PG_UNEVICTABLE } from 'vacate/handler';
import {
  eachEntry,
  isFree,
  ksmFixture,
  ksmPages,
  move,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
} from 'vacate/testing';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { writePage } from '../../src/sim/access.js';
import { exitProcess } from '../../src/sim/address-space.js';
import type { Machine } from '../../src/sim/machine.js';
import plugin from './index.js';

describe('ksm', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...ksmPages(), operations: 2000 })) it(name, run);

  it.each([
    ['a merged page', PG_KSM | PG_ANON | PG_SWAPBACKED | PG_LRU, true],
    ['a merged page in the swap cache', PG_KSM | PG_ANON | PG_SWAPCACHE | PG_LRU, false],
    ['a merged page that somebody has locked in memory', PG_KSM | PG_ANON | PG_UNEVICTABLE | PG_LRU, false],
    ['an anonymous page', PG_ANON | PG_SWAPBACKED | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(plugin, ksmFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('leaves the others the old bytes when one of them writes to the moved page', () => {
    const world = openWorld(plugin, ksmFixture());
    const { machine, host } = world;
    const target = move(world, { pfn: pageThatIs('shared by three processes', world), state: 'shared' });
    const views = viewsOf(machine, target);
    expect(views).toHaveLength(3);
    const [first, ...others] = views;
    writePage(machine, 1, first!.mm, first!.vpn, 7, 8);
    expect(viewsOf(machine, target)).toEqual(others);
    expect(machine.nodePage).toContain(target + 1);
    expect(host.validate()).toEqual([]);
  });

  it('frees a page whose sharers all end while it is in hand, with its stable node', () => {
    const world = openWorld(plugin, ksmFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('shared by three processes', world);
    const owners = new Set(viewsOf(machine, pfn).map(({ mm }) => mm));
    const report = runWith(world, [pfn], 'isolate', () => {
      for (const mm of owners) exitProcess(machine, 1, mm);
    });
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect([isFree(machine, pfn), machine.nodePage.includes(pfn + 1)]).toEqual([true, false]);
    expect(host.validate()).toEqual([]);
  });
});

function viewsOf(machine: Machine, pfn: number): { mm: number; vpn: number }[] {
  const views: { mm: number; vpn: number }[] = [];
  eachEntry(machine, (mm, vpn, pte) => {
    if (isPresent(pte) && ptePayload(pte) === pfn) views.push({ mm, vpn });
  });
  return views;
}
