import { stripVTControlCharacters } from 'node:util';
import { drawMap, type MapSource, mapLegend, memoryMap } from '../../../src/cli/memory-map.js';
import { createPalette } from '../../../src/cli/palette.js';
import { BLOCK_ABSENT, BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_ANON, PG_BUDDY, PG_LRU, PG_NOPAGE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { kindOf, PAGE_KINDS } from '../../../src/picture/page-kinds.js';

const plain = { palette: createPalette(false) };
const ANON = PG_ANON | PG_LRU;
const FILE = PG_LRU;
/** One cell of a row is 8 pages. */
const BLOCK_PAGES = 512;

/** Blocks of free pages, in the given states. */
function sketch(states: readonly number[], dimmBlocks: readonly number[] = []): MapSource & { flags: Uint32Array } {
  const flags = new Uint32Array(states.length * BLOCK_PAGES).fill(PG_BUDDY);
  states.forEach((state, block) => {
    if (state !== BLOCK_ONLINE) flags.fill(PG_NOPAGE, block * BLOCK_PAGES, (block + 1) * BLOCK_PAGES);
  });
  const dimms = dimmBlocks.map((block, i) => ({
    name: `dimm${i}`,
    node: 0,
    range: { start: block * BLOCK_PAGES, end: (block + 1) * BLOCK_PAGES },
  }));
  return { flags, blockState: Uint8Array.from(states), spec: { nrPfns: flags.length, blockPages: BLOCK_PAGES, dimms } };
}

function cells(line: string | undefined): string {
  return /│(.*)│/.exec(line ?? '')?.[1] ?? '';
}

describe('memoryMap', () => {
  it('draws a row for each block, a cell for each 64th of it, in 80 columns', () => {
    const lines = memoryMap(sketch([BLOCK_ONLINE, BLOCK_ONLINE]), plain);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('boot memory, 4 MiB, blocks 0-1');
    expect(lines[1]).toBe(`       0 │${'·'.repeat(64)}│   0%`);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
  });

  it('shows the most frequent kind of used page, the denser the more of a cell is in use', () => {
    const source = sketch([BLOCK_ONLINE]);
    for (let level = 1; level <= 4; level++) source.flags.fill(ANON, level * 8, level * 8 + level * 2);
    source.flags.fill(FILE, 48, 53);
    source.flags.fill(ANON, 53, 56);
    source.flags.fill(PG_SLAB, 56, 57);
    expect(cells(memoryMap(source, plain)[1]).slice(0, 9)).toBe('·░▒▓█·≣s·');
    expect(memoryMap(source, plain)[1]).toMatch(/ {3}6%$/);
  });

  it('groups blocks by DIMM, passes over holes, and names what is offline', () => {
    const states = [BLOCK_ONLINE, BLOCK_ABSENT, BLOCK_ONLINE, BLOCK_OFFLINE, BLOCK_ONLINE];
    const lines = memoryMap(sketch(states, [2, 3]), plain);
    expect(lines.filter((line) => !line.includes('│'))).toEqual([
      'boot memory, 2 MiB, blocks 0',
      'dimm0, 2 MiB, blocks 2',
      'dimm1, 2 MiB, blocks 3',
      'boot memory, 2 MiB, blocks 4',
    ]);
    expect(cells(lines[5]).trim()).toBe('offline');
    expect(cells(lines[5])).toHaveLength(64);
  });

  it('marks a cell whatever else is in it', () => {
    const source = sketch([BLOCK_ONLINE]);
    source.flags.fill(ANON, 0, 16);
    expect(cells(memoryMap(source, { ...plain, isMarked: (pfn) => pfn === 9 })[1]).slice(0, 3)).toBe('█✗·');
  });

  it('draws only the blocks that it is asked for', () => {
    const source = sketch([BLOCK_ONLINE, BLOCK_ONLINE, BLOCK_ONLINE], [1]);
    const only = [{ start: BLOCK_PAGES, end: 2 * BLOCK_PAGES }];
    expect(memoryMap(source, { ...plain, only }).map((line) => line.slice(0, 9).trim())).toEqual(['dimm0, 2', '1']);
  });

  it('lets rows stand for several blocks on a large machine, without mixing DIMMs', () => {
    const states = new Array(101).fill(BLOCK_ONLINE);
    const source = sketch(states, [100]);
    const lines = memoryMap(source, plain);
    const rows = lines.filter((line) => line.includes('│'));
    expect(rows).toHaveLength(26);
    expect(rows.slice(0, 2).map((row) => row.trim().split(' ')[0])).toEqual(['0', '4']);
    expect(cells(rows.at(-1))).toBe('·'.repeat(16) + ' '.repeat(48));
    expect(mapLegend(source, plain).at(-1)).toBe('  A row is 4 blocks, from the one named on.');
  });
});

describe('mapLegend', () => {
  it('explains the glyphs that the map has, and no others', () => {
    const source = sketch([BLOCK_ONLINE]);
    source.flags.fill(ANON, 0, 16);
    expect(mapLegend(source, plain)).toEqual([
      '  · free   ░▒▓█ anonymous',
      '  A cell is 32 KiB: its most frequent kind of page, denser the more is in use.',
    ]);
  });
});

describe('colour', () => {
  const palette = createPalette(true);

  it('changes nothing but colour', () => {
    const source = sketch([BLOCK_ONLINE, BLOCK_OFFLINE], [1]);
    source.flags.fill(ANON, 0, 16);
    source.flags.fill(FILE, 16, 24);
    const coloured = [...memoryMap(source, { palette }), ...mapLegend(source, { palette })];
    const stripped = coloured.map((line) => stripVTControlCharacters(line));
    expect(coloured.join('')).toContain('\u001b[38;5;74m██\u001b[39m');
    expect(stripped).toEqual([...memoryMap(source, plain), ...mapLegend(source, plain)]);
  });

  it('is not needed: kinds that look alike share nobody else’s glyphs', () => {
    const shapes = PAGE_KINDS.filter(({ id }) => id !== 'hole').flatMap(({ glyphs }) => [...new Set(glyphs)]);
    expect(new Set(shapes).size).toBe(shapes.length);
  });
});

describe('kindOf', () => {
  it.each([
    [PG_NOPAGE, 'hole'],
    [PG_BUDDY, 'free'],
    [ANON, 'anonymous'],
    [FILE, 'file'],
    [PG_SLAB, 'slab'],
    [0, 'kernel'],
  ])('0x%s is %s', (flags, id) => {
    expect(PAGE_KINDS[kindOf(flags)]?.id).toBe(id);
  });
});

describe('golden maps', () => {
  const source = sketch([BLOCK_ONLINE, BLOCK_OFFLINE, BLOCK_ONLINE], [1, 2]);
  source.flags.fill(ANON, 0, 128);
  source.flags.fill(FILE, 128, 160);
  source.flags.fill(PG_SLAB, 500, 512);
  const migratetype = Uint8Array.of(0, 1, 1);
  const drawn = (columns: number, by: 'type' | 'state' | 'migratetype' | 'order') => {
    const { lines, legend } = drawMap({ ...source, migratetype }, { ...plain, by, columns });
    expect(Math.max(...[...lines, ...legend].map((line) => line.length))).toBeLessThanOrEqual(columns);
    return [...lines, ...legend];
  };

  it('at 80 columns', () => {
    expect(drawn(80, 'type')).toEqual([
      'boot memory, 2 MiB, blocks 0',
      '       0 │████████████████≣≣≣≣··········································sS│  34%',
      'dimm0, 2 MiB, blocks 1',
      `       1 │${' '.repeat(28)}offline${' '.repeat(29)}│`,
      'dimm1, 2 MiB, blocks 2',
      `       2 │${'·'.repeat(64)}│   0%`,
      '  · free   ░▒▓█ anonymous   -=≡≣ file cache   sS slab',
      '  A cell is 32 KiB: its most frequent kind of page, denser the more is in use.',
    ]);
  });

  it('at 40 columns', () => {
    expect(drawn(40, 'migratetype')).toEqual([
      'boot memory, 2 MiB, blocks 0',
      '   0 │UUUUUUUUUUuuuuuuuuuuuuuuuuuuuuuU│',
      'dimm0, 2 MiB, blocks 1',
      `   1 │${' '.repeat(12)}offline${' '.repeat(13)}│`,
      'dimm1, 2 MiB, blocks 2',
      `   2 │${'·'.repeat(32)}│`,
      '  uU unmovable   ·░▓█ movable',
      '  A cell is 64 KiB: the type of its',
      '  pageblocks, denser the more is in use.',
    ]);
  });

  it('by free order: the aligned blocks of pages 160 to 500, from 32 of them down to 4', () => {
    expect(drawn(40, 'order')[1]).toBe('   0 │██████████5566667777777766665542│');
  });
});
