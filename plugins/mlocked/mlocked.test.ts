import {
  PG_ANON,
  PG_LRU,
  PG_MLOCKED,
  PG_NONLINEAR,
  PG_SWAPCACHE,
  PG_THP,
  PG_UNEVICTABLE,
  PG_UPTODATE,
} from 'vacate/handler';
import {
  eachEntry,
  mlockedFixture,
  mlockedPages,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
} from 'vacate/testing';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { setLocked } from '../../src/sim/address-space.js';
import type { Machine } from '../../src/sim/machine.js';
import plugin from './index.js';

describe('mlocked', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...mlockedPages(), operations: 2000 })) it(name, run);

  it.each([
    ['an anonymous page under mlock', PG_UNEVICTABLE | PG_MLOCKED | PG_ANON | PG_LRU, true],
    ['the same in the swap cache', PG_UNEVICTABLE | PG_MLOCKED | PG_ANON | PG_SWAPCACHE | PG_LRU, true],
    ['a page of ramfs, which nobody had to lock', PG_UNEVICTABLE | PG_UPTODATE | PG_LRU, true],
    ['a page of a nonlinear mapping', PG_UNEVICTABLE | PG_NONLINEAR | PG_LRU, false],
    ['a huge page', PG_UNEVICTABLE | PG_THP | PG_ANON | PG_LRU, false],
    ['a page that may be evicted', PG_ANON | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(plugin, mlockedFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('unlocks a page whose VMA is unlocked while it is on its way', () => {
    const world = openWorld(plugin, mlockedFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('locked after it was written', world);
    const vma = machine.mmVmas[viewsOf(machine, pfn)[0]!.mm]!;
    const report = runWith(world, [pfn], 'unmap', () => setLocked(machine, vma, false));
    expect(report).toMatchObject({ migrated: 1, refused: [] });
    expect(machine.flags[report.targets[0]!]! & PG_UNEVICTABLE).toBe(0);
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
