import {
  PG_ANON,
  PG_LRU,
  PG_NONLINEAR,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
  PG_UPTODATE,
} from 'vacate/handler';
import { isFree, openWorld, pageThatIs, pageTypeConformance, runWith, shmemFixture, shmemPages } from 'vacate/testing';
import { ACCESS_BLOCKED, ACCESS_OK, readFileContents, readFilePage } from '../../src/sim/access.js';
import { truncateFile } from '../../src/sim/files.js';
import { mappingOfPage } from '../../src/sim/mappings.js';
import plugin from './index.js';

describe('shmem', () => {
  for (const { name, run } of pageTypeConformance(plugin, { ...shmemPages(), operations: 2000 })) it(name, run);

  it.each([
    ['a page of tmpfs', PG_SWAPBACKED | PG_UPTODATE | PG_LRU, true],
    ['the same in the swap cache', PG_SWAPBACKED | PG_SWAPCACHE | PG_UPTODATE | PG_LRU, true],
    ['an anonymous page', PG_SWAPBACKED | PG_ANON | PG_LRU, false],
    ['a page of a file', PG_UPTODATE | PG_LRU, false],
    ['shared memory that somebody has locked', PG_SWAPBACKED | PG_UNEVICTABLE | PG_LRU, false],
    ['shared memory in a nonlinear mapping', PG_SWAPBACKED | PG_NONLINEAR | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(plugin, shmemFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('moves a page that comes back from swap while it is in hand, as one of the page cache', () => {
    const world = openWorld(plugin, shmemFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('in the swap cache, and not yet written', world);
    const file = mappingOfPage(machine, pageThatIs('written, and not mapped', world));
    const report = runWith(world, [pfn], 'isolate', () => void readFilePage(machine, 1, file, 4));
    expect(report).toMatchObject({ migrated: 1, refused: [] });
    expect(readFilePage(machine, 1, file, 4)).toBe(report.targets[0]);
    expect(machine.flags[report.targets[0]!]! & PG_SWAPCACHE).toBe(0);
    expect(host.validate()).toEqual([]);
  });

  it('has whoever wants a page that is on its way wait for it', () => {
    const world = openWorld(plugin, shmemFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('in the swap cache, and written', world);
    const file = mappingOfPage(machine, pageThatIs('written, and not mapped', world));
    const read = () => readFileContents(machine, 1, file, 5, new Uint32Array(2));
    const report = runWith(world, [pfn], 'unmap', () => expect(read()).toBe(ACCESS_BLOCKED));
    expect(report).toMatchObject({ migrated: 1, refused: [] });
    expect(read()).toBe(ACCESS_OK);
    expect(host.validate()).toEqual([]);
  });

  it('frees a page whose file is truncated while it is in hand', () => {
    const world = openWorld(plugin, shmemFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('in the swap cache, and written', world);
    const file = mappingOfPage(machine, pageThatIs('written, and not mapped', world));
    const report = runWith(world, [pfn], 'isolate', () => truncateFile(machine, 1, file, 0));
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect(isFree(machine, pfn)).toBe(true);
    expect(host.validate()).toEqual([]);
  });
});
