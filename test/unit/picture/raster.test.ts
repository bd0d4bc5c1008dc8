import { pixelOf } from '../../../src/picture/colours.js';
import { mapClasses } from '../../../src/picture/map-classes.js';
import { layOut, pageAt } from '../../../src/picture/map-layout.js';
import { byteOf, STATE_PLAIN } from '../../../src/picture/page-bytes.js';
import { Pyramid } from '../../../src/picture/pyramid.js';
import { levelFor, type MapView, Raster, rasterColours } from '../../../src/picture/raster.js';

const BLOCK = 4096;
const NR_PFNS = 6 * BLOCK - 17;
const GROUND = 0x123456;
const [WIDTH, HEIGHT] = [173, 91];

const layout = layOut(
  {
    nrPfns: NR_PFNS,
    blockPages: BLOCK,
    zones: [
      { node: 0, kind: 'DMA32', start: 0, end: 2 * BLOCK },
      { node: 0, kind: 'Normal', start: 3 * BLOCK, end: NR_PFNS },
    ],
    dimms: [],
  },
  WIDTH / HEIGHT,
);
const classes = mapClasses('type');
const pages = Uint8Array.from({ length: NR_PFNS }, (_, pfn) => byteOf(1 + ((pfn >> 3) % 12), STATE_PLAIN));
const pyramid = new Pyramid(pages, classes);
pyramid.update(Number.POSITIVE_INFINITY);
const colours = rasterColours(classes, 'light', GROUND);

function draw(view: MapView): Uint32Array {
  const pixels = new Uint32Array(WIDTH * HEIGHT);
  new Raster().draw(pixels, WIDTH, HEIGHT, layout, view, pages, pyramid, colours);
  return pixels;
}

describe('Raster', () => {
  it.each([0.13, 0.5, 1, 1.7, 5])('paints at each pixel what lies under its middle, at a scale of %p', (scale) => {
    const view = { x: -3, y: layout.groups[0]!.top - 4, scale };
    const pixels = draw(view);
    const level = levelFor(scale, pyramid.nrLevels, BLOCK);
    for (let at = 0; at < pixels.length; at++) {
      const x = view.x + ((at % WIDTH) + 0.5) / scale;
      const y = view.y + (Math.floor(at / WIDTH) + 0.5) / scale;
      const pfn = pageAt(layout, { x, y });
      const expected =
        pfn === null
          ? pixelOf(GROUND)
          : level === 0
            ? colours.pages[pyramid.classOf(pfn)]
            : colours.faces[pyramid.faces[level]![Math.floor(pfn / 4 ** level)]!];
      if (pixels[at] !== expected) throw new Error(`pixel ${at} at ${x}, ${y} is not page ${pfn}`);
    }
    expect(new Set(pixels).size).toBeGreaterThan(1);
  });

  it('leaves edges between pages that are large', () => {
    const pixels = draw({ x: 0, y: layout.groups[0]!.top, scale: 20 });
    const row = [...pixels.subarray(5 * WIDTH, 6 * WIDTH)];
    expect(row[18]).not.toBe(pixelOf(GROUND));
    expect(row[19]).toBe(pixelOf(GROUND));
    expect(row[20]).not.toBe(pixelOf(GROUND));
  });

  it('has cells of about a pixel, whatever the scale', () => {
    for (const scale of [0.9, 0.5, 0.26, 0.1, 0.05]) {
      const side = 2 ** levelFor(scale, 14, 2 ** 20) * scale;
      expect(side).toBeGreaterThan(0.9);
      expect(side).toBeLessThanOrEqual(2);
    }
    expect(levelFor(3, 14, BLOCK)).toBe(0);
    expect(levelFor(0.0001, 14, BLOCK)).toBe(6);
  });

  it('keeps what is there apart from what is not, by theme', () => {
    const dark = rasterColours(classes, 'dark', GROUND);
    expect(dark.pages[2]).toBe(pixelOf(classes.classes[2]!.colour.dark));
    expect(colours.pages[2]).toBe(pixelOf(classes.classes[2]!.colour.light));
    expect(colours.faces[(15 << 4) | 2]).toBe(colours.pages[2]);
    expect(colours.faces[(1 << 4) | 2]).not.toBe(colours.faces[0]);
  });
});
