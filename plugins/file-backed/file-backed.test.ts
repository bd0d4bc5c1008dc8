import {
  PG_ANON,
  PG_HUGE,
  PG_HWPOISON,
  PG_ISOLATED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_PGTABLE,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_UPTODATE,
} from 'vacate/handler';
import {
  fileBackedFixture,
  firstDifference,
  isFree,
  move,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
  snapshotOf,
} from 'vacate/testing';
import { readFilePage } from '../../src/sim/access.js';
import { createFile, truncateFile } from '../../src/sim/files.js';
import { pin } from '../../src/sim/holds.js';
import { mappingOfPage } from '../../src/sim/mappings.js';
import fileBacked from './index.js';
import { TRUNCATED } from './refusals.js';

const NO_SLOT = 'a file is behind it, not swap';
const skip = [
  { name: 'migrate keeps the swap slot', because: NO_SLOT },
  { name: 'a swap entry leads to the new page', because: NO_SLOT },
];

describe('file-backed', () => {
  for (const { name, run } of pageTypeConformance(fileBacked, { fixture: fileBackedFixture, skip })) it(name, run);

  it.each([
    ['a page on the LRU', PG_LRU | PG_UPTODATE, true],
    ['a page that was read and is still on its way to the LRU', PG_UPTODATE, true],
    ['a page that a migrator has isolated', PG_ISOLATED | PG_UPTODATE, true],
    ['shared memory', PG_SWAPBACKED, true],
    ['an anonymous page', PG_ANON | PG_LRU | PG_UPTODATE, false],
    ["a driver's page, isolated", PG_MOVABLE_OPS | PG_ISOLATED, false],
    ['a page of hugetlbfs', PG_HUGE | PG_UPTODATE, false],
    ['a page with a memory error', PG_HWPOISON | PG_UPTODATE, false],
    ['slab', PG_SLAB, false],
    ['a page table', PG_PGTABLE, false],
    ['kernel memory without a flag', 0, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(fileBacked, fileBackedFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('has a page that was just read wait for the LRU, and does not call it unmovable', () => {
    const world = openWorld(fileBacked, fileBackedFixture());
    const { host, machine, service } = world;
    const pfn = readFilePage(machine, 1, createFile(machine, 1), 0);
    expect(service.handlers.refusal(service.judge(pfn))).toMatchObject({ id: 'not-on-lru', kind: 'retry' });
    host.drain();
    move(world, { pfn, state: 'on the LRU by now' });
  });

  it('frees a page whose file is truncated while it is in hand, and copies nothing', () => {
    const world = openWorld(fileBacked, fileBackedFixture());
    const { host, machine } = world;
    const pfn = pageThatIs('dirty, with buffers', world);
    const file = mappingOfPage(machine, pfn);
    const report = runWith(world, [pfn], 'isolate', () => truncateFile(machine, 1, file, 0));
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect(isFree(machine, pfn)).toBe(true);
    expect(host.validate()).toEqual([]);
  });

  it('changes nothing when the file turns out to be truncated', () => {
    const { handler, host, machine, ...fixture } = openWorld(fileBacked, fileBackedFixture());
    const pfn = pageThatIs('dirty, with buffers', { machine, ...fixture });
    const target = host.allocateTarget(0, pfn, 11);
    pin(machine, pfn, 1e9);
    truncateFile(machine, 1, mappingOfPage(machine, pfn), 0);
    const before = snapshotOf(machine);
    expect(handler.migrate(pfn, target, 0)).toBe(TRUNCATED);
    expect(firstDifference(machine, before)).toBeNull();
  });
});
