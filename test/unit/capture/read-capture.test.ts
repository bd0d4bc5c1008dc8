import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture } from '../../../src/capture/index.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import * as page from '../../../src/mm/page-flags.js';
import { fixture, removeTemporaryDirectories, Sketch, temporaryDirectory } from './sketch.js';

afterAll(removeTemporaryDirectories);

const COUNTED = {
  REFERENCED: page.PG_REFERENCED,
  UPTODATE: page.PG_UPTODATE,
  DIRTY: page.PG_DIRTY,
  LRU: page.PG_LRU,
  ACTIVE: page.PG_ACTIVE,
  SLAB: page.PG_SLAB,
  BUDDY: page.PG_BUDDY,
  ANON: page.PG_ANON,
  SWAPBACKED: page.PG_SWAPBACKED,
  HEAD: page.PG_HEAD,
  TAIL: page.PG_TAIL,
  UNEVICTABLE: page.PG_UNEVICTABLE,
  NOPAGE: page.PG_NOPAGE,
  KSM: page.PG_KSM,
  THP: page.PG_THP,
  PGTABLE: page.PG_PGTABLE,
  RESERVED: page.PG_RESERVED,
  MLOCKED: page.PG_MLOCKED,
  PRIVATE: page.PG_PRIVATE,
  PCP: page.PG_PCP,
  MOVABLE_OPS: page.PG_MOVABLE_OPS,
} as const;
type Counts = Record<keyof typeof COUNTED | 'untyped' | 'mapped' | 'mappings', number>;

/** Pages that carry each flag, pages without any, mapped pages, and all their mappings. */
function countImage({ flags, mapcounts }: MachineImage): Counts {
  const nrByWord = new Map<number, number>();
  let mapped = 0;
  let mappings = 0;
  for (let pfn = 0; pfn < flags.length; pfn++) {
    const word = flags[pfn] as number;
    nrByWord.set(word, (nrByWord.get(word) ?? 0) + 1);
    if ((mapcounts[pfn] as number) > 0) mapped++;
    mappings += mapcounts[pfn] as number;
  }
  const words = [...nrByWord];
  const carriers = Object.entries(COUNTED).map(([name, bit]) => {
    const carrying = words.filter(([word]) => (word & bit) !== 0);
    return [name, carrying.reduce((sum, [, count]) => sum + count, 0)] as const;
  });
  return { ...Object.fromEntries(carriers), untyped: nrByWord.get(0) ?? 0, mapped, mappings } as Counts;
}

// Counted by another program, in another language, from the same files and the rules in src/capture.
// biome-ignore format: a line a capture
const EXPECTED: Record<string, Counts> = {
  'mixed-offline/before-memory32': { REFERENCED: 1353, UPTODATE: 149643, DIRTY: 22013, LRU: 149645, ACTIVE: 9446, SLAB: 5618, BUDDY: 261515, ANON: 82565, SWAPBACKED: 104578, HEAD: 1288, TAIL: 23628, UNEVICTABLE: 6144, NOPAGE: 851968, KSM: 0, THP: 21504, PGTABLE: 472, RESERVED: 31828, MLOCKED: 6144, PRIVATE: 45072, PCP: 1533, MOVABLE_OPS: 259, untyped: 7473, mapped: 128284, mappings: 129715 },
  'mixed-offline-6.12/before-memory32': { REFERENCED: 1557, UPTODATE: 157876, DIRTY: 22059, LRU: 157874, ACTIVE: 17, SLAB: 3392, BUDDY: 256714, ANON: 90753, SWAPBACKED: 112812, HEAD: 386, TAIL: 23794, UNEVICTABLE: 6144, NOPAGE: 851968, KSM: 0, THP: 22528, PGTABLE: 563, RESERVED: 30074, MLOCKED: 6144, PRIVATE: 45071, PCP: 2738, MOVABLE_OPS: 0, untyped: 6988, mapped: 136472, mappings: 137903 },
  'pinned-offline/before-memory32': { REFERENCED: 1372, UPTODATE: 101891, DIRTY: 13788, LRU: 101895, ACTIVE: 1245, SLAB: 4847, BUDDY: 307532, ANON: 84050, SWAPBACKED: 85499, HEAD: 1148, TAIL: 2126, UNEVICTABLE: 0, NOPAGE: 851968, KSM: 48, THP: 0, PGTABLE: 351, RESERVED: 31828, MLOCKED: 0, PRIVATE: 16400, PCP: 4782, MOVABLE_OPS: 0, untyped: 7053, mapped: 101043, mappings: 114552 },
  'skew-huge/before-huge': { REFERENCED: 756, UPTODATE: 200029, DIRTY: 1398, LRU: 200016, ACTIVE: 1219, SLAB: 4030, BUDDY: 209398, ANON: 198625, SWAPBACKED: 200023, HEAD: 1097, TAIL: 1947, UNEVICTABLE: 0, NOPAGE: 851968, KSM: 0, THP: 0, PGTABLE: 771, RESERVED: 31828, MLOCKED: 0, PRIVATE: 8, PCP: 2610, MOVABLE_OPS: 0, untyped: 9690, mapped: 199218, mappings: 199834 },
  'fragslab-offline-kernelzone/before-memory36': { REFERENCED: 1977, UPTODATE: 120128, DIRTY: 76351, LRU: 121157, ACTIVE: 2303, SLAB: 9929, BUDDY: 282223, ANON: 118474, SWAPBACKED: 120120, HEAD: 2282, TAIL: 5506, UNEVICTABLE: 0, NOPAGE: 851968, KSM: 0, THP: 0, PGTABLE: 3573, RESERVED: 31828, MLOCKED: 0, PRIVATE: 1033, PCP: 169, MOVABLE_OPS: 0, untyped: 9481, mapped: 119083, mappings: 120110 },
};

/** Of the untyped pages that were counted, those that lie in movable pageblocks: free on lists, or back from there. */
const INFERRED: Record<string, { onLists: number; givenBack: number }> = {
  'mixed-offline/before-memory32': { onLists: 22, givenBack: 0 },
  'mixed-offline-6.12/before-memory32': { onLists: 61, givenBack: 0 },
  'pinned-offline/before-memory32': { onLists: 37, givenBack: 0 },
  'skew-huge/before-huge': { onLists: 1354, givenBack: 424 },
  'fragslab-offline-kernelzone/before-memory36': { onLists: 70, givenBack: 0 },
};

describe('captures of real kernels', () => {
  it.each(Object.keys(EXPECTED))('%s has the pages that were counted by hand', (name) => {
    const { onLists = 0, givenBack = 0 } = INFERRED[name] ?? {};
    const { PCP, BUDDY, untyped, ...others } = EXPECTED[name] as Counts;
    expect(countImage(readCapture(fixture(name)))).toEqual({
      ...others,
      PCP: PCP + onLists,
      BUDDY: BUDDY + givenBack,
      untyped: untyped - onLists - givenBack,
    });
  });

  it.each([
    ['mixed-offline/before-memory32', '6.1.0-56-amd64'],
    ['mixed-offline-6.12/before-memory32', '6.12.117+deb12-amd64'],
  ])('%s is of the kernel that the file beside it names', (name, release) =>
    expect(readCapture(fixture(name)).kernel).toBe(release),
  );

  it('agrees with what the 6.1 kernel itself counted', () => {
    const image = readCapture(fixture('mixed-offline/before-memory32'));
    const counts = countImage(image);
    // Its zoneinfo: nr_anon_transparent_hugepages 42, nr_mlock 6144, nr_zspages 259, nr_free_pages of zone Movable.
    expect(counts.THP).toBe(42 * 512);
    expect(counts.MLOCKED).toBe(6144);
    expect(counts.MOVABLE_OPS).toBe(259);
    const movable = image.flags.subarray(1048576, 1310720).filter((word) => (word & page.PG_BUDDY) !== 0).length;
    expect(movable).toBe(110718);
  });

  it('leaves no anonymous page without a mapping, and no mapping on a page that nobody maps', () => {
    for (const name of Object.keys(EXPECTED)) {
      const { flags, mapcounts } = readCapture(fixture(name));
      const unmappable = page.PG_BUDDY | page.PG_SLAB | page.PG_RESERVED | page.PG_NOPAGE | page.PG_PCP;
      for (let pfn = 0; pfn < flags.length; pfn++) {
        const word = flags[pfn] as number;
        if ((word & page.PG_ANON) !== 0 && mapcounts[pfn] === 0) throw new Error(`${name} ${pfn}: unmapped`);
        if ((word & unmappable) !== 0 && mapcounts[pfn] !== 0) throw new Error(`${name} ${pfn}: mapped`);
        if (word === 0 && mapcounts[pfn] !== 0) throw new Error(`${name} ${pfn}: mapped and untyped`);
        if ((word & page.PG_MMAP) !== 0) throw new Error(`${name} ${pfn}: the mapped bit is of the file only`);
      }
    }
  });

  it.each(['mixed-offline/before-memory32', 'mixed-offline-6.12/before-memory32'])(
    '%s gives every tail of a THP what its head has',
    (name) => {
      const { flags } = readCapture(fixture(name));
      let head = 0;
      let nrTails = 0;
      for (const word of flags) {
        if ((word & page.PG_THP) === 0) continue;
        if ((word & page.PG_HEAD) !== 0) head = word;
        else {
          nrTails++;
          expect((word & ~page.PG_TAIL) >>> 0).toBe((head & ~page.PG_HEAD) >>> 0);
        }
      }
      expect(nrTails % 511).toBe(0);
      expect(nrTails).toBeGreaterThan(20_000);
    },
  );
});

describe('the machine around the pages', () => {
  it('has zones, blocks, DIMMs, CPUs and swap of the captured one', () => {
    const image = readCapture(fixture('mixed-offline/before-memory32'));
    expect(image).toMatchObject({
      name: 'before-memory32',
      nrPfns: 1310720,
      nrCpus: 2,
      blockPages: 32768,
      nrSwapSlots: 65535,
      dimms: [
        { name: 'dimm0', node: 0, range: { start: 1048576, end: 1179648 } },
        { name: 'dimm1', node: 0, range: { start: 1179648, end: 1310720 } },
      ],
    });
    expect(image.zones).toEqual([
      {
        node: 0,
        kind: 'DMA',
        start: 0,
        end: 4096,
        watermarks: { min: 73, low: 91, high: 109 },
        lowmemReserve: { DMA: 0, DMA32: 628, Normal: 628, Movable: 1652 },
      },
      {
        node: 0,
        kind: 'DMA32',
        start: 4096,
        end: 196608,
        watermarks: { min: 3093, low: 3866, high: 4639 },
        lowmemReserve: { DMA: 0, DMA32: 0, Normal: 0, Movable: 1024 },
      },
      {
        node: 0,
        kind: 'Movable',
        start: 1048576,
        end: 1310720,
        watermarks: { min: 5039, low: 6298, high: 7557 },
        lowmemReserve: { DMA: 0, DMA32: 0, Normal: 0, Movable: 0 },
      },
    ]);
    expect(image.blocks.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 38, 39]);
    expect(image.blocks[0]).toEqual({ block: 0, state: 1, zoneKinds: [] });
    expect(image.blocks[6]).toEqual({ block: 32, state: 1, zoneKinds: ['Movable'] });
  });

  it('says what could not be known, and nothing more', () => {
    expect(readCapture(fixture('skew-huge/before-huge')).caveats).toEqual([
      'Zone DMA32 ends at pfn:0x2ffda, inside a pageblock, which is counted whole.',
      'Which pageblocks are not movable, 1 of zone DMA, 91 of zone DMA32 by pagetypeinfo, is inferred from what they ' +
        'hold.',
      'Zone DMA32: 1,778 of 9,658 untyped pages lie in movable pageblocks and are taken as free on per-CPU lists, where ' +
        'zoneinfo counted 1,354 a moment later, so 424 of them as given back to the allocator; the others are treated ' +
        'as kernel memory.',
      'Zone Movable: 7 pages without flags had mappings when kpagecount was read, a moment after kpageflags, and 7 ' +
        'anonymous pages had none left; the former are treated as anonymous, the latter as free.',
      'Zone Movable: 2,610 pages taken as free on per-CPU lists, and zoneinfo counted 2,916.',
      'The capture has no dimms file: each run of System RAM in iomem above 4 GiB that fills whole blocks is taken as ' +
        'a DIMM.',
    ]);
    const { caveats } = readCapture(fixture('mixed-offline-6.12/before-memory32'));
    expect(caveats.filter((caveat) => caveat.includes('KSM'))).toHaveLength(1);
  });

  it('reads kpageflags alone, with a caveat for all that is missing', () => {
    const directory = temporaryDirectory();
    copyFileSync(join(fixture('mixed-offline/before-memory32'), 'kpageflags.gz'), join(directory, 'kpageflags.gz'));
    const image = readCapture(directory);
    expect(image.zones).toHaveLength(1);
    expect(image.zones[0]).toMatchObject({ kind: 'Normal', start: 0, end: 1310720 });
    expect(image.blocks).toHaveLength(14);
    expect(image).toMatchObject({ nrCpus: 1, blockPages: 32768, nrSwapSlots: 0, dimms: [] });
    const said = image.caveats.join('\n');
    for (const file of ['kpagecount', 'memory_blocks', 'block_size_bytes', 'zoneinfo', 'iomem']) {
      expect(said).toContain(file);
    }
    // Every mapped page is mapped once; zsmalloc's are known by their flags, as far as they have one of their own.
    const counts = countImage(image);
    expect(counts.mappings).toBe(counts.mapped);
    expect(counts.MOVABLE_OPS).toBe(257);
  });

  it('tells how far it is, from the first step to the last', () => {
    const fractions: number[] = [];
    readCapture(fixture('pinned-offline/before-memory32'), { onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions.length).toBeGreaterThan(2);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });
});

describe('swap', () => {
  const SWAP_CACHED = [0x6038, 0, 0] as const; // UPTODATE|DIRTY|LRU|SWAPCACHE|SWAPBACKED

  it('has the slots that meminfo counts', () => {
    expect(new Sketch().read().nrSwapSlots).toBe(100);
  });

  it('has at least a slot for each page of the swap cache, and says so if meminfo is missing', () => {
    const crowded = new Sketch().draw(0, SWAP_CACHED, 120).read();
    expect(crowded.nrSwapSlots).toBe(120);
    const silent = new Sketch().draw(0, SWAP_CACHED, 3);
    silent.texts.meminfo = null;
    const image = silent.read();
    expect(image.nrSwapSlots).toBe(3);
    expect(image.caveats.join()).toContain('lacks meminfo');
    const unused = new Sketch();
    unused.texts.meminfo = null;
    expect(unused.read().caveats.join()).not.toContain('meminfo');
  });
});

it('starts over from the same files with the same result', () => {
  const directory = new Sketch().draw(7, [0x7828, 0, 2]).write();
  const [first, second] = [readCapture(directory), readCapture(directory)];
  expect(first.flags).toEqual(second.flags);
  expect(first.mapcounts[7]).toBe(2);
  rmSync(directory, { recursive: true });
  expect(() => readCapture(directory)).toThrow('There is no directory');
});
