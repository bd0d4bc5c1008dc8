import { parsePagetypeinfo } from '../../../src/capture/pagetypeinfo.js';
import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import * as page from '../../../src/mm/page-flags.js';
import { ANON_PAGE, BLOCK_PAGES, KPF, KPF_HIGH, NR_BLOCKS, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

/** As the kernel writes it: free blocks of the unmovable and movable lists, and pageblocks of each type. */
function pagetypeinfo(unmovable: number, reclaimable = 0, unmovableFree = '0 0 0 0 0 0 0 0 0 0 0'): string {
  return [
    'Page block order: 9',
    'Pages per block:  512',
    '',
    'Free pages count per migrate type at order       0      1      2      3',
    `Node    0, zone   Normal, type    Unmovable ${unmovableFree}`,
    'Node    0, zone   Normal, type      Movable >100000 1 0 0 0 0 0 0 0 0 2',
    'Node    0, zone   Normal, type  Reclaimable 0 0 0 0 0 0 0 0 0 0 0',
    '',
    'Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate ',
    `Node 0, zone   Normal           ${unmovable}           ${NR_BLOCKS - unmovable - reclaimable}           ${reclaimable}            0            0 `,
    '',
  ].join('\n');
}

function sketch(types: string, pcp = 0, free?: number): Sketch {
  const drawn = new Sketch();
  drawn.zones = [{ kind: 'Normal', pcp, ...(free === undefined ? {} : { free }) }];
  drawn.texts.memory_blocks = (drawn.texts.memory_blocks as string).replaceAll('Movable', 'Normal');
  drawn.texts.pagetypeinfo = types;
  return drawn;
}

const at = (block: number, offset = 0) => block * BLOCK_PAGES + offset;
const U = MIGRATE_UNMOVABLE;
const M = MIGRATE_MOVABLE;

describe('pagetypeinfo', () => {
  it('tells free blocks and pageblocks by zone and type', () => {
    const zone = parsePagetypeinfo(pagetypeinfo(2, 1, '5 0 0 0 0 0 0 0 0 1 0')).get('0/Normal');
    expect(Object.fromEntries(zone!.nrBlocks)).toEqual({
      Unmovable: 2,
      Movable: 5,
      Reclaimable: 1,
      HighAtomic: 0,
      Isolate: 0,
    });
    expect(zone!.free.get('Unmovable')).toEqual([5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(zone!.free.get('Movable')![0]).toBe(100_000);
  });
});

describe('types of pageblocks', () => {
  it('are not known without the file', () => {
    const drawn = sketch('');
    drawn.texts.pagetypeinfo = null;
    expect(drawn.read().migratetypes).toBeNull();
  });

  it('are not movable where most kernel memory is, as many as there must be', () => {
    const drawn = sketch(pagetypeinfo(2))
      .draw(at(1), [KPF.SLAB], 300)
      .draw(at(2), [KPF.PGTABLE], 80)
      .draw(at(4), [KPF.SLAB], 200);
    const { migratetypes, caveats } = drawn.read();
    expect(migratetypes).toEqual([M, U, M, M, U, M, M, M]);
    expect(caveats).toContain(
      'Which pageblocks are not movable, 2 of Zone Normal by pagetypeinfo, is inferred from what they hold.'.replace(
        'Zone',
        'zone',
      ),
    );
  });

  it('are movable where processes have more than the kernel', () => {
    const drawn = sketch(pagetypeinfo(1)).draw(at(1), [KPF.SLAB], 100).draw(at(1, 100), [ANON_PAGE, 0, 1], 300);
    expect(drawn.draw(at(5), [KPF.SLAB], 70).read().migratetypes).toEqual([M, M, M, M, M, U, M, M]);
  });

  it('are reclaimable where slabs are most', () => {
    const drawn = sketch(pagetypeinfo(1, 1)).draw(at(1), [KPF.PGTABLE], 300).draw(at(2), [KPF.SLAB], 300);
    expect(drawn.read().migratetypes!.slice(0, 3)).toEqual([M, U, MIGRATE_RECLAIMABLE]);
  });

  it('never gives a type more free memory than its lists have', () => {
    // Block 3 holds a page of the kernel, and free blocks of 256 and 128 pages; only one of the lists can have them.
    const drawn = (free: string) =>
      sketch(pagetypeinfo(1, 0, free))
        .draw(at(3), [KPF.SLAB], 1)
        .draw(at(7), [0, KPF_HIGH.RESERVED], BLOCK_PAGES)
        .read();
    expect(drawn('0 0 0 0 0 0 0 1 1 0 0').migratetypes).toEqual([M, M, M, U, M, M, M, M]);
    expect(drawn('0 0 0 0 0 0 0 0 0 0 0').migratetypes).toEqual([M, M, M, M, M, M, M, U]);
  });
});

describe('untyped pages where the kernel may live', () => {
  it('are free on lists if they lie in movable pageblocks', () => {
    const drawn = sketch(pagetypeinfo(1), 5).draw(at(1), [0], 100).draw(at(1, 100), [KPF.SLAB], 100);
    const { flags, caveats } = drawn.draw(at(4), [0], 5).draw(at(4, 5), [ANON_PAGE, 0, 1], 50).read();
    expect([...new Set(flags.subarray(at(4), at(4, 5)))]).toEqual([page.PG_PCP]);
    expect([...new Set(flags.subarray(at(1), at(1, 100)))]).toEqual([0]);
    expect(caveats).toContain(
      'Zone Normal: 5 of 105 untyped pages lie in movable pageblocks and are taken as free on per-CPU lists, where ' +
        'zoneinfo counted 5 a moment later; the others are treated as kernel memory.',
    );
  });

  it('are no more than the lists may hold', () => {
    // Two CPUs with a limit of 45 each.
    const { flags } = sketch(pagetypeinfo(0), 7).draw(at(4), [0], 200).draw(at(4, 200), [ANON_PAGE, 0, 1], 50).read();
    expect(flags.subarray(at(4), at(4, 200)).filter((word) => word === page.PG_PCP)).toHaveLength(90);
  });

  it('have left the lists where zoneinfo counts fewer there and more free', () => {
    const drawn = sketch(pagetypeinfo(0), 10, 4096 - 130 + 20);
    const { flags } = drawn.draw(at(4), [0], 80).draw(at(4, 80), [ANON_PAGE, 0, 1], 50).read();
    const words = flags.subarray(at(4), at(4, 80));
    expect([page.PG_BUDDY, page.PG_PCP].map((bit) => words.filter((word) => word === bit).length)).toEqual([20, 60]);
  });
});
