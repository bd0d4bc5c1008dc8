import { PG_ANON, PG_HUGE, PG_LRU, PG_SWAPBACKED, PG_SWAPCACHE } from 'vacate/handler';
import {
  anonymousFixture,
  anonymousPages,
  eachEntry,
  isFree,
  move,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
} from 'vacate/testing';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { writePage } from '../../src/sim/access.js';
import { exitProcess } from '../../src/sim/address-space.js';
import { readContents } from '../../src/sim/contents.js';
import type { Machine } from '../../src/sim/machine.js';
import { pteOf } from '../../src/sim/page-tables.js';
import anonymous from './index.js';

describe('anonymous', () => {
  for (const { name, run } of pageTypeConformance(anonymous, { ...anonymousPages(), fixture: anonymousFixture }))
    it(name, run);

  it.each([
    ['a fresh page that is still on its way to the LRU', PG_ANON | PG_SWAPBACKED, true],
    ['a page on the LRU', PG_ANON | PG_SWAPBACKED | PG_LRU, true],
    ['a page of the swap cache', PG_ANON | PG_SWAPBACKED | PG_LRU | PG_SWAPCACHE, false],
    ['an anonymous page of hugetlb', PG_ANON | PG_HUGE, false],
    ['shared memory', PG_SWAPBACKED | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(anonymous, anonymousFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('keeps a page shared by those who forked, until one of them writes', () => {
    const world = openWorld(anonymous, anonymousFixture());
    const { machine } = world;
    const target = move(world, { pfn: pageThatIs('shared by fork', world), state: 'shared' });
    const [first, ...others] = ownersOf(machine, target);
    const out = new Uint32Array(2);
    readContents(machine, target, out);
    writePage(machine, 1, first!.mm, first!.vpn, 7, 8);
    expect(ownersOf(machine, target)).toEqual(others);
    const kept = new Uint32Array(2);
    readContents(machine, target, kept);
    expect(kept).toEqual(out);
    readContents(machine, ptePayload(pteOf(machine, first!.mm, first!.vpn)), kept);
    expect([...kept]).toEqual([7, 8]);
  });

  it('frees a page whose only owner ends while it is in hand, and copies nothing', () => {
    const world = openWorld(anonymous, anonymousFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('mapped once', world);
    const [owner] = ownersOf(machine, pfn);
    const report = runWith(world, [pfn], 'isolate', () => exitProcess(machine, 0, owner!.mm));
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect(isFree(machine, pfn)).toBe(true);
    expect(host.validate()).toEqual([]);
  });
});

function ownersOf(machine: Machine, pfn: number): { mm: number; vpn: number }[] {
  const owners: { mm: number; vpn: number }[] = [];
  eachEntry(machine, (mm, vpn, pte) => {
    if (isPresent(pte) && ptePayload(pte) === pfn) owners.push({ mm, vpn });
  });
  return owners;
}
