import * as page from '../../../src/mm/page-flags.js';
import { ANON_PAGE, KPF, KPF_HIGH, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const HEAD = KPF.UPTODATE | KPF.DIRTY | KPF.LRU | KPF.ACTIVE | KPF.UNEVICTABLE | KPF.ANON | KPF.SWAPBACKED;
/** What Linux 6.1 shows of a tail. */
const OLD_TAIL = KPF.MMAP | KPF.ANON | KPF.TAIL | KPF.THP;
const sketchThp = () =>
  new Sketch().draw(512, [HEAD | KPF.MMAP | KPF.HEAD | KPF.THP, KPF_HIGH.MLOCKED, 1]).draw(513, [OLD_TAIL, 0, 1], 511);

const said = (caveats: readonly string[]) => caveats.filter((caveat) => caveat.includes('compound'));

describe('a THP', () => {
  it('has what its head has on every tail', () => {
    const { flags, mapcounts, caveats } = sketchThp().read();
    const shared = HEAD | page.PG_MLOCKED | page.PG_THP;
    expect(flags[512]).toBe(shared | page.PG_HEAD);
    expect([...new Set(flags.subarray(513, 1024))]).toEqual([shared | page.PG_TAIL]);
    expect([...new Set(mapcounts.subarray(512, 1024))]).toEqual([1]);
    expect(said(caveats)).toEqual([]);
  });

  it('takes nothing from a tail that its head does not have', () => {
    const { flags } = sketchThp()
      .draw(600, [OLD_TAIL | KPF.REFERENCED | KPF.DIRTY, 0, 1])
      .read();
    expect(flags[600]).toBe(flags[601]);
  });

  it('may be smaller than a pageblock', () => {
    const sketch = new Sketch().draw(516, [ANON_PAGE | KPF.HEAD | KPF.THP, 0, 1]).draw(517, [OLD_TAIL, 0, 1], 3);
    const { flags, caveats } = sketch.read();
    expect((flags[519] as number) & page.PG_LRU).toBe(page.PG_LRU);
    expect(said(caveats)).toEqual([]);
  });

  it('that lost its end lives on as single pages', () => {
    const { flags, mapcounts, caveats } = sketchThp().draw(1000, [KPF.BUDDY], 24).read();
    expect(flags[512]).toBe(HEAD | page.PG_MLOCKED);
    expect(flags[999]).toBe(HEAD | page.PG_MLOCKED);
    expect(mapcounts[999]).toBe(1);
    expect(said(caveats)[0]).toMatch(/^488 pages of compound pages that are not whole/);
  });
});

describe('a compound page of the kernel', () => {
  it('keeps its flags', () => {
    const { flags, caveats } = new Sketch().draw(8, [KPF.HEAD]).draw(9, [KPF.TAIL], 7).read();
    expect([...flags.subarray(8, 17)]).toEqual([page.PG_HEAD, ...Array(7).fill(page.PG_TAIL), page.PG_BUDDY]);
    expect(said(caveats)).toEqual([]);
  });

  it('may follow another without a gap', () => {
    const sketch = new Sketch()
      .draw(8, [KPF.HEAD])
      .draw(9, [KPF.TAIL])
      .draw(10, [KPF.SLAB | KPF.HEAD]);
    const { flags, caveats } = sketch.draw(11, [KPF.SLAB | KPF.TAIL]).read();
    expect([...flags.subarray(8, 12)]).toEqual([0x8000, 0x10000, 0x8080, 0x10080]);
    expect(said(caveats)).toEqual([]);
  });

  it.each([
    ['tails without a head', 9, [KPF.TAIL, KPF.TAIL]],
    ['a head without tails', 8, [KPF.HEAD]],
    ['three pages', 8, [KPF.HEAD, KPF.TAIL, KPF.TAIL]],
    ['two pages off their boundary', 9, [KPF.HEAD, KPF.TAIL]],
    ['slab tails without a head', 9, [KPF.SLAB | KPF.TAIL]],
  ])('is untyped memory if broken: %s', (_, start, words) => {
    const sketch = new Sketch();
    for (const [index, word] of words.entries()) sketch.draw(start + index, [word | KPF.MMAP, 0, 1]);
    const { flags, mapcounts, caveats } = sketch.read();
    for (const index of words.keys()) expect([flags[start + index], mapcounts[start + index]]).toEqual([0, 0]);
    expect(said(caveats)).toHaveLength(1);
  });
});
