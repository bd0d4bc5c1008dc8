import { layOut } from '../../../src/picture/map-layout.js';
import { byteOf, STATE_REFUSED } from '../../../src/picture/page-bytes.js';
import { KIND_FREE } from '../../../src/picture/page-kinds.js';

/** By names that the compiler does not follow: what is of the browser is compiled for it alone. */
const { parsePlace } = await import(`${'../../../src/browser'}/map/parse-place.js`);
const { fitMap, zoom, keepInSight, SCALE_MAX } = await import(`${'../../../src/browser'}/map/camera.js`);
const { nextAmong, nextRefused } = await import(`${'../../../src/browser'}/picture/next-refused.js`);
const { linesOf, reasonsOf, valueAt } = await import(`${'../../../src/browser'}/run/series.js`);

const BLOCK = 32_768;
const layout = layOut(
  {
    nrPfns: 8 * BLOCK,
    blockPages: BLOCK,
    zones: [{ node: 0, kind: 'Normal', start: 2 * BLOCK, end: 8 * BLOCK }],
    dimms: [],
  },
  1.5,
);

describe('parsePlace', () => {
  it.each([
    ['65536', 65_536],
    [' pfn 0x10000 ', 65_536],
    ['pfn:70000', 70_000],
    ['0x10000fff', 65_536],
    ['Block 3', 3 * BLOCK],
  ])('reads %p', (text, pfn) => {
    expect(parsePlace(text, layout)).toEqual({ ok: true, pfn });
  });

  it.each(['block 1', '0x0', '262144', 'block 999999999999', `0x${'f'.repeat(16)}`])(
    'finds no memory at %p',
    (text) => {
      expect(parsePlace(text, layout)).toEqual({ ok: false, error: 'There is no memory at this place.' });
    },
  );

  it.each(['', 'block', '-1', '1e3', '0xg', '<b>', '1'.repeat(13)])('says how %p should have been written', (text) => {
    expect(parsePlace(text, layout).error).toMatch(/^Write a page frame number/);
  });
});

describe('the next page that refused', () => {
  const refused = byteOf(4, STATE_REFUSED);
  const pages = Uint8Array.of(refused, 4, refused, byteOf(KIND_FREE, STATE_REFUSED), refused, 4);

  it.each([
    [-1, 0],
    [0, 2],
    [2, 4],
    [4, 0],
    [5, 0],
  ])('after %p is %p', (after, next) => {
    expect(nextRefused(pages, after)).toBe(next);
    expect(nextAmong([4, 0, 2, 1], pages, after)).toBe(next);
  });

  it('for one reason is one of those that refused for it, and still stand so', () => {
    expect(nextAmong([4, 3], pages, 4)).toBe(4);
    expect(nextAmong([1, 3], pages, 0)).toBeNull();
    expect(nextRefused(new Uint8Array(6), 0)).toBeNull();
  });
});

describe('the camera', () => {
  const screen = { width: 900, height: 600 };

  it('sees all of a map at first', () => {
    const { x, y, scale } = fitMap(layout, screen);
    expect(x).toBeLessThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(0);
    expect(x + screen.width / scale).toBeGreaterThanOrEqual(layout.width);
    expect(y + screen.height / scale).toBeGreaterThanOrEqual(layout.height);
  });

  it('comes nearer to a point, which stays where it is', () => {
    const point = { x: 123, y: 456 };
    const before = fitMap(layout, screen);
    const after = zoom(before, 7, point, 0);
    for (const [axis, at] of Object.entries(point))
      expect(after[axis] + at / after.scale).toBeCloseTo(before[axis] + at / before.scale);
    expect(zoom(before, 1e9, point, 0).scale).toBe(SCALE_MAX);
    expect(zoom(before, 1e-9, point, before.scale / 2).scale).toBe(before.scale / 2);
  });

  it('never loses sight of the map', () => {
    const far = keepInSight({ x: 1e9, y: -1e9, scale: 1 }, layout, screen);
    expect(far.x).toBeLessThan(layout.width);
    expect(far.y + screen.height).toBeGreaterThan(0);
  });
});

describe('lines of a chart', () => {
  const counters = (ms: number, migrated: number, refusals = {}) => ({ ms, migrated, refusals });

  it('of two runs lie on one axis, with gaps where the other was looked at', () => {
    const runs = [
      [counters(0, 0), counters(200, 5)],
      [counters(100, 1), counters(200, 7)],
    ];
    const data = linesOf(
      runs,
      () => ['moved'],
      ({ migrated }: { migrated: number }) => migrated,
    );
    expect(data.seconds).toEqual([0, 0.1, 0.2]);
    expect(data.lines.map(({ values }: { values: unknown }) => values)).toEqual([
      [0, null, 5],
      [null, 1, 7],
    ]);
  });

  it('say of a moment what was counted last by then, each run for itself', () => {
    const runs = [
      [counters(10, 1), counters(570, 5)],
      [counters(100, 2), counters(570, 7)],
    ];
    const data = linesOf(
      runs,
      () => ['moved'],
      ({ migrated }: { migrated: number }) => migrated,
    );
    const at = (ms: number) => [0, 1].map((run) => valueAt(data, run, 0, ms));
    expect([0, 10, 99, 100, 569, 570, 1e6].map(at)).toEqual([
      [0, 0],
      [1, 0],
      [1, 0],
      [1, 2],
      [1, 2],
      [5, 7],
      [5, 7],
    ]);
    expect(valueAt(data, 2, 0, 1e6)).toBe(0);
  });

  it('have no more points than a screen, and the last of all', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => counters(at, at));
    const { seconds } = linesOf(
      [many],
      () => ['moved'],
      ({ migrated }: { migrated: number }) => migrated,
    );
    expect(seconds.length).toBeLessThan(1_100);
    expect(seconds.at(-1)).toBe(49.999);
  });

  it('are of the reasons that most pages have', () => {
    const refusals = { 'a/x': 3, 'b/y': 9, c: 1, d: 2, e: 4, f: 5 };
    expect(reasonsOf([counters(0, 0), counters(1, 0, refusals)])).toEqual(['b/y', 'f', 'e', 'a/x', 'd']);
    expect(reasonsOf([])).toEqual([]);
  });
});
