import {
  gather,
  groupTitle,
  layOut,
  type MapLayout,
  type MappedMachine,
  pageAt,
  rectOf,
  spread,
  tileOf,
} from '../../../src/picture/map-layout.js';

const BLOCK = 2 ** 15;
const MACHINE: MappedMachine = {
  nrPfns: 40 * BLOCK,
  blockPages: BLOCK,
  zones: [
    { node: 0, kind: 'DMA', start: 0, end: 4096 },
    { node: 0, kind: 'DMA32', start: 4096, end: 8 * BLOCK },
    { node: 0, kind: 'Normal', start: 10 * BLOCK, end: 24 * BLOCK },
    { node: 1, kind: 'Movable', start: 24 * BLOCK, end: 40 * BLOCK },
  ],
  dimms: [
    { name: 'A', node: 1, range: { start: 24 * BLOCK, end: 32 * BLOCK } },
    { name: 'B', node: 1, range: { start: 32 * BLOCK, end: 40 * BLOCK } },
  ],
};

function middleOf(layout: MapLayout, pfn: number): { x: number; y: number } {
  const { x, y } = rectOf(layout, pfn, 0)!;
  return { x: x + 0.5, y: y + 0.5 };
}

describe('spread and gather', () => {
  it('put a bit between every two, and take them out again', () => {
    expect(spread(0b1011)).toBe(0b1000101);
    for (const value of [0, 1, 2, 255, 4097, 0xffff]) {
      expect(gather(spread(value))).toBe(value);
      expect(gather(2 * spread(value))).toBe(0);
    }
  });
});

describe.each([0.6, 1.6, 4])('layOut for a screen of %p', (aspect) => {
  const layout = layOut(MACHINE, aspect);

  it('groups blocks as one speaks of them, and leaves out what is no memory', () => {
    expect(layout.groups.map(groupTitle)).toEqual([
      'node 0 DMA and DMA32 · boot memory · block 0',
      'node 0 DMA32 · boot memory · blocks 1–7',
      'node 0 Normal · boot memory · blocks 10–23',
      'node 1 Movable · A · blocks 24–31',
      'node 1 Movable · B · blocks 32–39',
    ]);
    expect(tileOf(layout, 8)).toBeNull();
    expect(rectOf(layout, 9 * BLOCK, 0)).toBeNull();
  });

  it('gives every page a place of its own, and finds it there', () => {
    for (let pfn = 0; pfn < MACHINE.nrPfns; pfn += 997) {
      if (rectOf(layout, pfn, 0) === null) continue;
      expect(pageAt(layout, middleOf(layout, pfn))).toBe(pfn);
    }
  });

  it('makes a rectangle of every aligned power of two of pages', () => {
    for (const order of [0, 1, 4, 9, 10, 15]) {
      const start = 12 * BLOCK + (order < 15 ? 2 ** order * 3 : 0);
      const rect = rectOf(layout, start, order)!;
      expect(rect.width * rect.height).toBe(2 ** order);
      for (const pfn of [start, start + 2 ** order - 1, start + Math.floor(2 ** order / 3)]) {
        const { x, y } = middleOf(layout, pfn);
        expect(x > rect.x && x < rect.x + rect.width && y > rect.y && y < rect.y + rect.height).toBe(true);
      }
    }
  });

  it('lays tiles apart, inside the map', () => {
    const tiles = Array.from({ length: 40 }, (_, block) => tileOf(layout, block)).filter((tile) => tile !== null);
    expect(tiles).toHaveLength(38);
    for (const [index, a] of tiles.entries()) {
      expect(a.x + a.width).toBeLessThanOrEqual(layout.width);
      expect(a.y + a.height).toBeLessThanOrEqual(layout.height);
      for (const b of tiles.slice(index + 1))
        expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(
          true,
        );
    }
  });

  it('finds no page in gaps, in headings, past the end, or outside', () => {
    const tile = tileOf(layout, 1)!;
    expect(pageAt(layout, { x: tile.x + tile.width + 1, y: tile.y })).toBeNull();
    expect(pageAt(layout, { x: 1, y: layout.groups[0]!.headingTop })).toBeNull();
    expect(pageAt(layout, { x: layout.width + 1, y: tile.y })).toBeNull();
    expect(pageAt(layout, { x: -1, y: -1 })).toBeNull();
    const short = layOut({ ...MACHINE, nrPfns: MACHINE.nrPfns - 100 }, aspect);
    expect(pageAt(short, middleOf(layout, MACHINE.nrPfns - 1))).toBeNull();
  });

  it('puts small groups of a node on one shelf', () => {
    const { shelves, groups } = layOut(MACHINE, 4);
    expect(shelves.flat()).toEqual(groups);
    for (const shelf of shelves) expect(new Set(shelf.map(({ node }) => node)).size).toBe(1);
    expect(Math.max(...shelves.map((shelf) => shelf.length))).toBeGreaterThan(1);
  });

  it('has wide rows for wide screens', () => {
    expect(layOut(MACHINE, 4).columns).toBeGreaterThan(layOut(MACHINE, 0.5).columns);
  });

  it('leaves out blocks that are absent', () => {
    const without = layOut(MACHINE, aspect, (block) => block === 12);
    expect(without.groups.map(({ first, last }) => [first, last])).toContainEqual([13, 23]);
    expect(tileOf(without, 12)).toBeNull();
  });

  it('has a place for each of the 2^28 pages of a terabyte', () => {
    const nrPfns = 2 ** 28 - 1;
    const large = layOut(
      { nrPfns, blockPages: BLOCK, zones: [{ node: 0, kind: 'Normal', start: 0, end: nrPfns }], dimms: [] },
      1.6,
    );
    for (const pfn of [0, 1, 2 ** 27, nrPfns - 1]) expect(pageAt(large, middleOf(large, pfn))).toBe(pfn);
  });
});
