import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_ANON, PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import { drawMaps, mapsHtml } from '../../../src/report/map-figure.js';
import { htmlPage } from '../../../src/report/page.js';

const HOSTILE = '"><script>alert(1)</script><p title=\'';
const BLOCK_PAGES = 512;

function sketch(nrBlocks: number, nrDimms: number) {
  const flags = new Uint32Array(nrBlocks * BLOCK_PAGES).fill(PG_BUDDY);
  // Pages of all looks beside each other, so that no two cells are alike.
  for (let pfn = 0; pfn < flags.length; pfn += 3) flags[pfn] = pfn % 7 < 4 ? PG_ANON | PG_LRU : PG_LRU;
  const dimms = Array.from({ length: nrDimms }, (_, at) => ({
    name: `${HOSTILE}${at}`,
    node: 0,
    range: { start: at * BLOCK_PAGES, end: (at + 1) * BLOCK_PAGES },
  }));
  const blockState = new Uint8Array(nrBlocks).fill(BLOCK_ONLINE);
  return { flags, blockState, spec: { nrPfns: flags.length, blockPages: BLOCK_PAGES, dimms } };
}

describe('a map', () => {
  it('is as large for many blocks as for some', () => {
    const sizeOf = (nrBlocks: number) => mapsHtml([drawMaps(sketch(nrBlocks, 0), 'now')]).length;
    expect(sizeOf(2048)).toBeLessThan(1.2 * sizeOf(64));
  });

  it('ends somewhere, though every block is a DIMM of its own', () => {
    expect(mapsHtml([drawMaps(sketch(2000, 2000), 'now')]).length).toBeLessThan(4 * 2 ** 20);
  });

  it('has names as text, and so has a page', () => {
    const body = mapsHtml([drawMaps(sketch(4, 2), HOSTILE)]);
    const page = htmlPage({ title: HOSTILE, heading: HOSTILE, body });
    expect(page).not.toContain('<script');
    expect(page).not.toContain(HOSTILE);
    expect(page).toContain('&#60;script&#62;');
  });

  it('counts every page of what it shows', () => {
    const { totals } = drawMaps(sketch(5, 1), 'now');
    for (const counts of Object.values(totals))
      expect(counts.reduce((sum, pages) => sum + pages, 0)).toBe(5 * BLOCK_PAGES);
  });

  it('shows what it is asked for, and no more', () => {
    const only = [{ start: BLOCK_PAGES, end: 2 * BLOCK_PAGES }];
    const { totals } = drawMaps(sketch(5, 1), 'now', only);
    expect(totals.type.reduce((sum, pages) => sum + pages, 0)).toBe(BLOCK_PAGES);
  });
});
