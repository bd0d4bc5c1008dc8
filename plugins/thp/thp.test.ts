import {
  MIGRATE_SYNC,
  PG_ANON,
  PG_HEAD,
  PG_HUGE,
  PG_LRU,
  PG_SWAPBACKED,
  PG_TAIL,
  PG_THP,
  PG_UPTODATE,
} from 'vacate/handler';
import {
  eachEntry,
  firstDifference,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  recordOf,
  runWith,
  snapshotOf,
  thpFixture,
  thpPages,
  type World,
} from 'vacate/testing';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { NO_PAGE } from '../../src/mm/units.js';
import { readContents } from '../../src/sim/contents.js';
import { pin } from '../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../src/sim/ledger.js';
import type { Machine } from '../../src/sim/machine.js';
import { putPage } from '../../src/sim/page-allocator.js';
import { unpin } from '../../src/sim/writeback.js';
import thp from './index.js';

const NR = 4;
const STATES = thpFixture().pages.map(({ state }) => state);

describe('thp', () => {
  for (const { name, run } of pageTypeConformance(thp, { ...thpPages(), operations: 1000 })) it(name, run);

  it.each([
    ['the head of one that is a process’s', PG_ANON | PG_SWAPBACKED | PG_LRU | PG_THP | PG_HEAD, true],
    ['a tail of it', PG_ANON | PG_SWAPBACKED | PG_LRU | PG_THP | PG_TAIL, true],
    ['one of shared memory, isolated', PG_SWAPBACKED | PG_UPTODATE | PG_THP | PG_HEAD, true],
    ['one of a file', PG_UPTODATE | PG_LRU | PG_THP | PG_TAIL, true],
    ['a page that it was split into', PG_ANON | PG_SWAPBACKED | PG_LRU, false],
    ['a page of hugetlb', PG_HUGE | PG_HEAD | PG_UPTODATE, false],
    ['compound kernel memory', PG_HEAD, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(thp, thpFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it.each(STATES)('moves one that is %s whole, to a place that is aligned like it', (state) => {
    const world = openWorld(thp, thpFixture());
    const { machine } = world;
    const pfn = pageThatIs(state, world);
    const report = runWith(world, [pfn + 1], 'isolate', () => {});
    expect(report).toMatchObject({ asked: NR, migrated: NR, split: 0, refused: [] });
    const head = report.targets[0]!;
    expect(head % NR).toBe(0);
    expect([...report.targets]).toEqual([head, head + 1, head + 2, head + 3]);
    expect([...machine.flags.subarray(head, head + NR)].map((flags) => flags & (PG_HEAD | PG_TAIL))).toEqual([
      PG_HEAD,
      PG_TAIL,
      PG_TAIL,
      PG_TAIL,
    ]);
  });

  it.each(STATES)('splits one that is %s if no free block is as large, and moves its pages one by one', (state) => {
    const world = openWorld(thp, thpFixture());
    const { machine, host } = world;
    const pfn = pageThatIs(state, world);
    const before = Array.from({ length: NR }, (_, i) => recordOf(machine, pfn + i));
    const ledger = takeLedger(machine);
    const giveBack = leaveSinglePages(world);
    const report = runWith(world, [pfn], 'isolate', () => {});
    expect(report).toMatchObject({ asked: NR, migrated: NR, split: 1, refused: [] });
    for (const [i, target] of report.targets.entries()) {
      const { mappings, slots, words } = recordOf(machine, target);
      expect({ mappings, slots }).toEqual({ mappings: before[i]!.mappings, slots: before[i]!.slots });
      expect(words).toEqual(before[i]!.words);
      expect(machine.flags[target]! & (PG_HEAD | PG_TAIL | PG_THP)).toBe(0);
    }
    giveBack();
    expect(compareLedger(machine, ledger).firstWrong).toBeNull();
    expect(host.validate()).toEqual([]);
  });

  it('refuses the whole for one pinned tail, splits nothing, and changes nothing', () => {
    const world = openWorld(thp, thpFixture());
    const { machine } = world;
    const pfn = pageThatIs('mapped once', world);
    leaveSinglePages(world);
    pin(machine, pfn + NR - 1, Number.POSITIVE_INFINITY);
    const before = snapshotOf(machine);
    const report = runWith(world, [pfn], 'isolate', () => {});
    expect(report).toMatchObject({ migrated: 0, split: 0 });
    expect(report.refused).toMatchObject([{ handler: 'core', reason: 'pinned', pages: NR }]);
    expect(firstDifference(machine, before, ['clock'])).toBeNull();
    unpin(machine, 0, pfn + NR - 1);
    expect(runWith(world, [pfn], 'isolate', () => {})).toMatchObject({ migrated: NR, split: 1 });
  });

  it('stays whole if a page of it is written and no free block is as large', () => {
    const world = openWorld(thp, thpFixture());
    const { machine, refusals, service } = world;
    const { pfn, provoke, relieve } = refusals['split-refused']!;
    leaveSinglePages(world);
    provoke();
    const before = snapshotOf(machine);
    const pfns = Uint32Array.of(pfn);
    const report = service.migrate({ pfns, mode: MIGRATE_SYNC, passes: 4 });
    expect(report.refused).toMatchObject([{ handler: 'thp', reason: 'split-refused', pages: NR }]);
    expect(firstDifference(machine, before, ['clock'])).toBeNull();
    relieve?.();
    expect(service.migrate({ pfns, mode: MIGRATE_SYNC })).toMatchObject({ migrated: NR, split: 1 });
  });

  it('reads the same in every process after it was split and moved', () => {
    const world = openWorld(thp, thpFixture());
    const { machine } = world;
    const pfn = pageThatIs('shared by fork', world);
    const words = Array.from({ length: NR }, (_, i) => wordsOf(machine, pfn + i));
    leaveSinglePages(world);
    const { targets } = runWith(world, [pfn], 'isolate', () => {});
    expect([...targets].map((target) => wordsOf(machine, target))).toEqual(words);
    for (const target of targets) {
      let nr = 0;
      eachEntry(machine, (_mm, _vpn, pte) => {
        if (isPresent(pte) && ptePayload(pte) === target) nr++;
      });
      expect(nr).toBe(2);
    }
  });
});

function wordsOf(machine: Machine, pfn: number): number[] {
  const out = new Uint32Array(2);
  readContents(machine, pfn, out);
  return [...out];
}

/** Takes all free memory, and gives every second page back: as many as are needed, none beside another. */
function leaveSinglePages({ host, machine }: World): () => void {
  const taken: number[] = [];
  for (let pfn = host.allocateTarget(0, 0, 11); pfn !== NO_PAGE; pfn = host.allocateTarget(0, 0, 11)) taken.push(pfn);
  for (const pfn of taken) if (pfn % 2 === 0) host.freeTarget(pfn, 0);
  return () => {
    for (const pfn of taken) if (pfn % 2 !== 0) putPage(machine, 0, pfn);
  };
}
