import { layOut, rectOf } from '../../../src/picture/map-layout.js';
import { type MapEdge, zoneEdges } from '../../../src/picture/zone-edges.js';

const BLOCK = 64;
const zone = (kind: 'DMA' | 'Normal', start: number, end: number) => ({ node: 0, kind, start, end });

function edgesOf(...zones: ReturnType<typeof zone>[]) {
  const layout = layOut({ nrPfns: 4 * BLOCK, blockPages: BLOCK, zones, dimms: [] }, 1.5);
  return { layout, edges: zoneEdges(layout, zones) };
}

/** Sides of single pages, as "x,y,x,y". */
function sidesOf(edges: readonly MapEdge[]): Set<string> {
  const sides = edges.flatMap(({ x, y, toX, toY }) =>
    Array.from({ length: toX - x + toY - y }, (_, at) =>
      x === toX ? [x, y + at, x, y + at + 1].join() : [x + at, y, x + at + 1, y].join(),
    ),
  );
  return new Set(sides);
}

describe('zoneEdges', () => {
  it.each([16, 32, 8, 5, 63, 1])('draws the sides between the first %p pages of a block and the rest', (place) => {
    const { layout, edges } = edgesOf(zone('DMA', 0, BLOCK + place), zone('Normal', BLOCK + place, 4 * BLOCK));
    const wanted = new Set<string>();
    for (let a = BLOCK; a < BLOCK + place; a++)
      for (let b = BLOCK + place; b < 2 * BLOCK; b++) {
        const [one, other] = [rectOf(layout, a, 0)!, rectOf(layout, b, 0)!];
        const [x, y] = [Math.max(one.x, other.x), Math.max(one.y, other.y)];
        if (one.y === other.y && Math.abs(one.x - other.x) === 1) wanted.add([x, y, x, y + 1].join());
        if (one.x === other.x && Math.abs(one.y - other.y) === 1) wanted.add([x, y, x + 1, y].join());
      }
    expect(wanted.size).toBeGreaterThan(0);
    expect(sidesOf(edges)).toEqual(wanted);
  });

  it('draws nothing where zones meet between blocks, or memory ends', () => {
    expect(edgesOf(zone('DMA', 0, BLOCK), zone('Normal', BLOCK, 4 * BLOCK)).edges).toEqual([]);
  });

  it('draws both sides of a gap between zones', () => {
    const { layout, edges } = edgesOf(zone('DMA', 0, 16), zone('Normal', 32, 4 * BLOCK));
    const [first, second] = [rectOf(layout, 16, 4)!, rectOf(layout, 32, 4)!];
    expect(sidesOf(edges)).toContain([first.x, first.y, first.x, first.y + 1].join());
    expect(sidesOf(edges)).toContain([second.x, second.y, second.x + 1, second.y].join());
  });
});
