import { describe, expect, it } from '@jest/globals';
import { fitMap, keepBlocksInSight, keepInSight, SCALE_MAX, zoom } from '../../../src/browser/map/camera.js';
import { layOut, pageAt, tileOf } from '../../../src/picture/map-layout.js';

const SCREEN = { width: 900, height: 660 };
/** 1,022 GiB in blocks of 2 GiB. */
const TERABYTE = layOut(
  {
    nrPfns: 511 * 2 ** 19,
    blockPages: 2 ** 19,
    zones: [
      { node: 0, kind: 'DMA32', start: 0, end: 2 ** 20 },
      { node: 0, kind: 'Normal', start: 2 ** 20, end: 511 * 2 ** 19 },
    ],
    dimms: [],
  },
  SCREEN.width / SCREEN.height,
);

/** Some page that is on the screen; null if none is. */
function anyPage(view: { x: number; y: number; scale: number }): number | null {
  for (let x = 0; x <= SCREEN.width; x += 5)
    for (let y = 0; y <= SCREEN.height; y += 5) {
      const pfn = pageAt(TERABYTE, { x: view.x + x / view.scale, y: view.y + y / view.scale });
      if (pfn !== null) return pfn;
    }
  return null;
}

describe('coming nearer on a terabyte', () => {
  const fitted = fitMap(TERABYTE, SCREEN);
  const tile = tileOf(TERABYTE, 200)!;
  const onScreen = (x: number, y: number) => ({ x: (x - fitted.x) * fitted.scale, y: (y - fitted.y) * fitted.scale });
  const gap = (TERABYTE.pitchX - tile.width) / 2;

  it.each([
    ['a page', onScreen(tile.x + tile.width / 3, tile.y + tile.height / 3)],
    ['the gap beside a block', onScreen(tile.x + tile.width + gap, tile.y + tile.height / 2)],
    ['the gap above a block', onScreen(tile.x + 100, tile.y - (TERABYTE.pitchY - tile.height) / 2)],
    ['a heading', onScreen(TERABYTE.pitchX / 2, TERABYTE.groups[1]!.headingTop + TERABYTE.heading / 3)],
    ['a corner outside', { x: SCREEN.width - 1, y: 1 }],
  ])('at %s ends where pages are seen', (_what, point) => {
    let view = fitted;
    for (let turn = 0; turn < 60; turn++) {
      const to = keepInSight(zoom(view, 1.4, point, fitted.scale / 2), TERABYTE, SCREEN);
      view = keepBlocksInSight(to, TERABYTE, SCREEN);
    }
    expect(view.scale).toBe(SCALE_MAX);
    expect(anyPage(view)).not.toBeNull();
  });

  it('leaves a screen alone on which there are pages', () => {
    const view = { x: tile.x - 1, y: tile.y - 1, scale: 100 };
    expect(keepBlocksInSight(view, TERABYTE, SCREEN)).toBe(view);
  });
});
