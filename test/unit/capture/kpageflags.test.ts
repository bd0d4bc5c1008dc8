import * as page from '../../../src/mm/page-flags.js';
import { ANON_PAGE, KPF, KPF_HIGH, removeTemporaryDirectories, Sketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const ANON = page.PG_UPTODATE | page.PG_LRU | page.PG_ANON | page.PG_SWAPBACKED;

describe('words of kpageflags', () => {
  it('keep bits 0 to 23 and 26, but for the one that says mapped', () => {
    const { flags } = new Sketch()
      .draw(0, [KPF.LRU | 0x47f_ffff, 0, 1])
      .draw(1, [ANON_PAGE | KPF.IDLE, 0, 1])
      .read();
    // A page with every bit is not there, as no other bit means anything then.
    expect(flags[0]).toBe(page.PG_NOPAGE);
    expect(flags[1]).toBe(ANON);
  });

  it.each([
    ['reserved', [0, KPF_HIGH.RESERVED, 0], page.PG_RESERVED],
    ['mlocked', [ANON_PAGE, KPF_HIGH.MLOCKED | KPF_HIGH.OWNER_2, 1], ANON | page.PG_MLOCKED],
    ['file page with buffers', [0x28, KPF_HIGH.PRIVATE, 0], page.PG_UPTODATE | page.PG_LRU | page.PG_PRIVATE],
    ['file page with buffers, off the LRU', [0x18, KPF_HIGH.PRIVATE, 0], 0x18 | page.PG_PRIVATE],
    ['memory map', [0, KPF_HIGH.RESERVED | KPF_HIGH.PRIVATE, 0], page.PG_RESERVED],
    ['slab with what looks like a mapping', [KPF.SLAB | KPF.ANON | KPF.KSM | KPF.MMAP, 0, 9], page.PG_SLAB],
    ['slab with private data', [KPF.SLAB, KPF_HIGH.PRIVATE, 0], page.PG_SLAB],
    ['page table', [KPF.PGTABLE, 0, 3], page.PG_PGTABLE],
    ['zero page', [KPF.ZERO_PAGE | KPF.MMAP, KPF_HIGH.RESERVED, 4000], page.PG_RESERVED],
    ['added to the LRU soon', [ANON_PAGE & ~KPF.LRU, 0, 1], ANON & ~page.PG_LRU],
    ['no page', [KPF.NOPAGE | KPF.LRU, KPF_HIGH.RESERVED, 0], page.PG_NOPAGE],
  ] as const)('%s', (_, drawn, expected) => {
    const { flags, mapcounts } = new Sketch().draw(9, drawn).read();
    expect(flags[9]).toBe(expected);
    expect(mapcounts[9]).toBe((expected & page.PG_ANON) === 0 ? 0 : 1);
  });

  it('give the huge zero page no THP, as nobody may move it', () => {
    const sketch = new Sketch().draw(512, [KPF.ZERO_PAGE | KPF.THP | KPF.HEAD | KPF.MMAP, 0, 7]);
    const { flags, mapcounts } = sketch.draw(513, [KPF.ZERO_PAGE | KPF.THP | KPF.TAIL | KPF.MMAP, 0, 7], 511).read();
    expect([flags[512], flags[513], flags[1023]]).toEqual([page.PG_HEAD, page.PG_TAIL, page.PG_TAIL]);
    expect([mapcounts[512], mapcounts[1023]]).toEqual([0, 0]);
  });
});

describe('the KSM flag', () => {
  const sketchMerged = (nrMerged: number) =>
    new Sketch()
      .draw(0, [ANON_PAGE, 0, 1], 100)
      .draw(0, [ANON_PAGE | KPF.KSM, 0, 2], nrMerged)
      .read();

  it('is believed where few pages have it', () => {
    const { flags, caveats } = sketchMerged(89);
    expect([flags[0], flags[89]]).toEqual([ANON | page.PG_KSM, ANON]);
    expect(caveats.join()).not.toContain('KSM');
  });

  it('is dropped where nearly all anonymous pages have it, with a caveat', () => {
    const { flags, caveats } = sketchMerged(90);
    expect([flags[0], flags[89]]).toEqual([ANON, ANON]);
    expect(caveats.join()).toContain('90 anonymous pages of 100 carry the KSM flag');
  });
});

describe('mapping counts', () => {
  it('end at 65535', () => {
    const sketch = new Sketch().draw(0, [ANON_PAGE, 0, 65535]).draw(1, [ANON_PAGE, 0, 65536]);
    const { mapcounts } = sketch.draw(2, [ANON_PAGE, 0, 0xffff_ffff]).read();
    expect([...mapcounts.subarray(0, 3)]).toEqual([65535, 65535, 65535]);
  });

  it('are none on free, reserved, slab and kernel compound pages', () => {
    const sketch = new Sketch().draw(0, [KPF.BUDDY, 0, 1], 2).draw(2, [KPF.MMAP, KPF_HIGH.RESERVED, 5]);
    const { mapcounts } = sketch
      .draw(4, [KPF.HEAD | KPF.MMAP, 0, 1])
      .draw(5, [KPF.TAIL | KPF.MMAP, 0, 1])
      .read();
    expect([...mapcounts.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    // A ring that a driver shares with a process: written through its mapping, and still not the process's memory.
    const ring = new Sketch().draw(4, [KPF.HEAD | KPF.MMAP | KPF.DIRTY, 0, 1]).draw(5, [KPF.TAIL | KPF.MMAP, 0, 1]);
    expect([...ring.read().mapcounts.subarray(4, 6)]).toEqual([0, 0]);
  });

  it('are one for each mapped page where kpagecount is missing', () => {
    const sketch = new Sketch().draw(0, [ANON_PAGE, 0, 5]).draw(1, [ANON_PAGE & ~KPF.MMAP, 0, 0]);
    sketch.hasCounts = false;
    const { flags, mapcounts, caveats } = sketch.read();
    expect([mapcounts[0], mapcounts[1]]).toEqual([1, 0]);
    expect(flags[1]).toBe(ANON);
    expect(caveats).toContain('The capture lacks kpagecount.gz: every mapped page is taken to be mapped once.');
  });
});
