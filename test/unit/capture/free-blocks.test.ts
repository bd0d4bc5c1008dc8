import { PG_BUDDY, PG_PCP } from '../../../src/mm/page-flags.js';
import { ANON_PAGE, KPF, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

/** Free blocks of the given orders from pfn 1024 on, each marked on its first page, amid anonymous memory. */
function headsOnly(orders: readonly number[], free?: number): Sketch {
  const sketch = new Sketch().draw(0, [ANON_PAGE, 0, 1], 4096);
  let pfn = 1024;
  let nrFree = 0;
  for (const order of orders) {
    sketch.draw(pfn, [0], 2 ** order).draw(pfn, [KPF.BUDDY]);
    pfn += 2 ** order;
    nrFree += 2 ** order;
  }
  sketch.zones = [{ kind: 'Movable', free: free ?? nrFree }];
  return sketch;
}

const buddyPfns = (flags: Uint32Array) =>
  [...flags.entries()].filter(([, word]) => word === PG_BUDDY).map(([pfn]) => pfn);
const said = (caveats: readonly string[]) => caveats.filter((caveat) => caveat.includes('free block'));
const rangeOf = (start: number, nrPages: number) => Array.from({ length: nrPages }, (_, index) => start + index);

describe('free blocks', () => {
  it('are left alone where every page is marked', () => {
    const sketch = new Sketch().draw(0, [0], 16);
    const { flags, caveats } = sketch.read();
    expect(flags[0]).toBe(PG_PCP);
    expect(buddyPfns(flags)).toHaveLength(4080);
    expect(said(caveats)).toEqual([]);
  });

  it('are left alone where all of them are single pages', () => {
    const sketch = new Sketch().draw(0, [ANON_PAGE, 0, 1], 4096);
    for (let pfn = 0; pfn < 4096; pfn += 2) sketch.draw(pfn, [KPF.BUDDY]);
    const { flags, caveats } = sketch.read();
    expect(buddyPfns(flags)).toHaveLength(2048);
    expect(said(caveats)).toEqual([]);
  });

  it('are marked whole where a source marks their first page', () => {
    const { flags, caveats } = headsOnly([10, 8, 3, 2, 0]).read();
    expect(buddyPfns(flags)).toEqual(rangeOf(1024, 1024 + 256 + 8 + 4 + 1));
    expect(said(caveats)[0]).toMatch(/^kpageflags marks 5 pages for 1,293 free ones, the first of each free block/);
  });

  it('are as long as buddyinfo says, where free pages of per-CPU lists follow them', () => {
    const sketch = headsOnly([10, 8, 8], 1024 + 256 + 4);
    // The third has 4 pages; the other 252 are on a per-CPU list.
    sketch.zones = [{ kind: 'Movable', free: 1024 + 256 + 4, pcp: 252 }];
    sketch.texts.buddyinfo =
      'Node 0, zone  Movable      0      0      1      0      0      0      0      0      1      0      1 \n';
    const { flags, caveats } = sketch.read();
    expect(buddyPfns(flags)).toEqual(rangeOf(1024, 1024 + 256 + 4));
    expect(flags[1024 + 1024 + 256 + 4]).toBe(PG_PCP);
    expect(said(caveats)[0]).toContain('from buddyinfo');
  });

  it('are known by buddyinfo where zoneinfo is missing', () => {
    const sketch = headsOnly([10, 8]);
    sketch.texts.zoneinfo = null;
    sketch.texts.buddyinfo = 'Node 0, zone  Movable 0 0 0 0 0 0 0 0 1 0 1\n';
    expect(buddyPfns(sketch.read().flags)).toHaveLength(1024 + 256);
  });

  it('stay as they are marked, with a caveat, where nothing says how many pages are free', () => {
    const sketch = headsOnly([10, 8]);
    sketch.texts.zoneinfo = null;
    const { flags, caveats } = sketch.read();
    expect(buddyPfns(flags)).toEqual([1024, 2048]);
    expect(said(caveats)[0]).toMatch(/looks like a single page, and the capture has neither zoneinfo nor buddyinfo/);
  });

  it('do not grow over pages in use, and the count is checked after', () => {
    const sketch = headsOnly([10, 8], 1024 + 256).draw(1024 + 512, [ANON_PAGE, 0, 1], 512);
    const { flags, caveats } = sketch.read();
    expect(buddyPfns(flags)).toHaveLength(768);
    expect(caveats.join()).toContain('Zone Movable has 768 free pages in kpageflags and 1,280 in zoneinfo');
  });
});
