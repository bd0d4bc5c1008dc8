import { KPF, removeTemporaryDirectories, Sketch, type ZoneSketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

function withZones(zones: ZoneSketch[], kinds?: readonly string[]): Sketch {
  const sketch = new Sketch();
  sketch.zones = zones;
  const lines = (kinds ?? []).map((kind, block) => `memory${block} online 1 ${kind}\n`);
  if (kinds !== undefined) sketch.texts.memory_blocks = lines.join('');
  return sketch;
}

const spansOf = (sketch: Sketch) => sketch.read().zones.map(({ node, kind, start, end }) => [node, kind, start, end]);
const BOTH_HALVES: ZoneSketch[] = [
  { kind: 'Normal', spanned: 2048 },
  { kind: 'Movable', start: 2048, spanned: 2048 },
];

describe('zones', () => {
  it('are those of zoneinfo', () => {
    expect(spansOf(withZones(BOTH_HALVES))).toEqual([
      [0, 'Normal', 0, 2048],
      [0, 'Movable', 2048, 4096],
    ]);
  });

  it('begin and end on pageblocks, with a caveat except at the very first page', () => {
    const image = withZones([
      { kind: 'DMA', start: 1, spanned: 2047 },
      { ...(BOTH_HALVES[1] as ZoneSketch), spanned: 2000 },
    ]).read();
    expect(image.zones.map(({ start, end }) => [start, end])).toEqual([
      [0, 2048],
      [2048, 4096],
    ]);
    const rounded = image.caveats.filter((caveat) => caveat.includes('pageblock'));
    expect(rounded).toEqual(['Zone Movable ends at pfn:0xfd0, inside a pageblock, which is counted whole.']);
  });

  it('do not overlap where two meet inside a pageblock', () => {
    const sketch = withZones(
      [
        { kind: 'Normal', spanned: 2000 },
        { kind: 'Movable', start: 2000, spanned: 2096 },
      ],
      Array(8).fill('none'),
    );
    const { zones, caveats } = sketch.read();
    expect(zones.map(({ start, end }) => [start, end])).toEqual([
      [0, 1536],
      [1536, 4096],
    ]);
    expect(caveats.join()).toContain('Zones overlap where memory_blocks does not say which zone is meant');
  });

  it('lie in several places where others are between, each with its share of the watermarks', () => {
    const kinds = ['Normal', 'Normal', 'Normal', 'Movable', 'Movable', 'Normal', 'Movable', 'Movable'];
    const sketch = withZones(
      [
        { kind: 'Normal', spanned: 6 * 512, free: 4 * 512, managed: 4 * 512 },
        { kind: 'Movable', start: 3 * 512, spanned: 5 * 512, free: 4 * 512, managed: 4 * 512 },
      ],
      kinds,
    );
    const { zones, caveats } = sketch.read();
    expect(zones.map(({ kind, start, end }) => [kind, start / 512, end / 512])).toEqual([
      ['Normal', 0, 3],
      ['Movable', 3, 5],
      ['Normal', 5, 6],
      ['Movable', 6, 8],
    ]);
    expect(zones.map(({ watermarks }) => watermarks.low)).toEqual([15, 10, 5, 10]);
    expect(caveats.filter((caveat) => caveat.includes('lies in 2 places'))).toHaveLength(2);
    expect(caveats.join()).not.toContain('Zones overlap');
  });

  it('of several nodes are named with their node', () => {
    const sketch = withZones(
      [0, 1].map((node) => ({ kind: 'Movable', node, start: node * 2048, spanned: 2048, pcp: 9 })),
    );
    const { zones, caveats } = sketch.draw(4000, [0]).read();
    expect(zones.map(({ node }) => node)).toEqual([0, 1]);
    expect(caveats.join()).toContain('Zone Movable of node 1: 1 page');
  });
});

describe('zones without zoneinfo', () => {
  it('are those that memory_blocks names; a block that names none is with its neighbour', () => {
    const kinds = ['none', 'DMA32', 'DMA32', 'none', 'Movable Normal', 'Movable', 'none', 'none'];
    const sketch = withZones([], kinds);
    sketch.texts.zoneinfo = null;
    const { zones, caveats, nrCpus } = sketch.read();
    expect(zones.map(({ node, kind, start, end }) => [node, kind, start / 512, end / 512])).toEqual([
      [0, 'DMA32', 0, 3],
      [0, 'Movable', 3, 8],
    ]);
    expect(nrCpus).toBe(1);
    expect(caveats.join()).toContain('The capture has no zoneinfo: zones are those that memory_blocks names');
  });

  it('are one zone Normal over everything if nothing names one', () => {
    const sketch = withZones([], Array(8).fill('none'));
    sketch.texts.zoneinfo = null;
    const { zones, caveats } = sketch.draw(0, [KPF.NOPAGE], 512).read();
    expect(zones).toHaveLength(1);
    expect(zones[0]).toMatchObject({ kind: 'Normal', start: 0, end: 4096, watermarks: { min: 0, low: 0, high: 0 } });
    expect(caveats.join()).toContain('memory_blocks names no zone');
  });
});
