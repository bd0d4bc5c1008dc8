import { PG_SWAPCACHE } from 'vacate/handler';
import {
  eachEntry,
  firstDifference,
  isFree,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
  snapshotOf,
  swapBackedFixture,
} from 'vacate/testing';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { writePage } from '../../src/sim/access.js';
import { exitProcess } from '../../src/sim/address-space.js';
import { type Machine, SCALAR } from '../../src/sim/machine.js';
import { swapSlotOf } from '../../src/sim/swap.js';
import swapBacked from './index.js';
import { SLOT_TAKEN } from './refusals.js';

const skip = [{ name: 'migrate moves buffers', because: 'buffers belong to filesystems' }];

describe('swap-backed', () => {
  for (const { name, run } of pageTypeConformance(swapBacked, { fixture: swapBackedFixture, skip })) it(name, run);

  it('lets a page go that leaves the swap cache while it is in hand: it goes without a slot', () => {
    const world = openWorld(swapBacked, swapBackedFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('read back, while swap keeps its copy', world);
    const [owner] = ownersOf(machine, pfn);
    const slot = swapSlotOf(machine, pfn);
    // A write by the only owner: the page becomes his alone, and its copy on the swap device worthless.
    const report = runWith(world, [pfn], 'isolate', () => writePage(machine, 1, owner!.mm, owner!.vpn, 1, 2));
    expect(report).toMatchObject({ migrated: 1, refused: [] });
    expect(machine.flags[report.targets[0]!]! & PG_SWAPCACHE).toBe(0);
    expect(machine.swapCache[slot]).toBe(0);
    expect(host.validate()).toEqual([]);
  });

  it('frees a page and its slot when its only owner ends while it is in hand', () => {
    const world = openWorld(swapBacked, swapBackedFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('mapped, and not yet written out', world);
    const slot = swapSlotOf(machine, pfn);
    const used = machine.scalars[SCALAR.swapUsed]!;
    const [owner] = ownersOf(machine, pfn);
    const report = runWith(world, [pfn], 'isolate', () => exitProcess(machine, 1, owner!.mm));
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect(isFree(machine, pfn)).toBe(true);
    expect([machine.swapCache[slot], machine.swapMap[slot]]).toEqual([0, 0]);
    // The same process had two more.
    expect(machine.scalars[SCALAR.swapUsed]).toBe(used - 3);
    expect(host.validate()).toEqual([]);
  });

  it('changes nothing when the slot turns out to name another page', () => {
    const { handler, host, machine, ...fixture } = openWorld(swapBacked, swapBackedFixture());
    const pfn = pageThatIs('shared by fork', { machine, ...fixture });
    const target = host.allocateTarget(0, pfn, 11);
    machine.swapCache[swapSlotOf(machine, pfn)] = 0;
    const before = snapshotOf(machine);
    expect(handler.migrate(pfn, target, 0)).toBe(SLOT_TAKEN);
    expect(firstDifference(machine, before)).toBeNull();
  });
});

function ownersOf(machine: Machine, pfn: number): { mm: number; vpn: number }[] {
  const owners: { mm: number; vpn: number }[] = [];
  eachEntry(machine, (mm, vpn, pte) => {
    if (isPresent(pte) && ptePayload(pte) === pfn) owners.push({ mm, vpn });
  });
  return owners;
}
