import * as page from '../../../src/mm/page-flags.js';
import { ANON_PAGE, KPF, KPF_HIGH, NR_PFNS, removeTemporaryDirectories, Sketch, type ZoneSketch } from './sketch.js';

afterAll(removeTemporaryDirectories);

const FRESH = page.PG_UPTODATE | page.PG_LRU | page.PG_ANON | page.PG_SWAPBACKED;

function inZone(zone: ZoneSketch): Sketch {
  const sketch = new Sketch();
  sketch.zones = [zone];
  return sketch;
}

const said = (caveats: readonly string[], words: string) => caveats.filter((caveat) => caveat.includes(words));

describe('pages without any flag', () => {
  it('are free on per-CPU lists in zone Movable', () => {
    const { flags, caveats } = inZone({ kind: 'Movable', pcp: 3 }).draw(5, [0], 3).read();
    expect([...flags.subarray(4, 9)]).toEqual([page.PG_BUDDY, page.PG_PCP, page.PG_PCP, page.PG_PCP, page.PG_BUDDY]);
    expect(said(caveats, 'per-CPU')).toEqual([]);
  });

  it('are so in zone Movable with a caveat if zoneinfo counted others', () => {
    const { flags, caveats } = inZone({ kind: 'Movable', pcp: 4 }).draw(5, [0], 3).read();
    expect(flags[7]).toBe(page.PG_PCP);
    expect(said(caveats, 'per-CPU')).toEqual([
      'Zone Movable: 3 pages taken as free on per-CPU lists, and zoneinfo counted 4.',
    ]);
  });

  it('are all free in another zone if there are no more than zoneinfo counted', () => {
    const { flags, caveats } = inZone({ kind: 'Normal', pcp: 4 }).draw(5, [0], 4).read();
    expect([...new Set(flags.subarray(5, 9))]).toEqual([page.PG_PCP]);
    expect(said(caveats, 'per-CPU')).toEqual([]);
  });

  it('are all kernel memory in another zone if there are more', () => {
    const { flags, caveats } = inZone({ kind: 'Normal', pcp: 4 }).draw(5, [0], 5).read();
    expect([...new Set(flags.subarray(5, 10))]).toEqual([0]);
    expect(said(caveats, 'per-CPU')).toEqual([
      'Zone Normal: 4 of 5 untyped pages are free on per-CPU lists, which ones cannot be known; all are treated as ' +
        'kernel memory.',
    ]);
  });

  it('are kernel memory, beyond doubt, where no page is on a per-CPU list', () => {
    const { flags, caveats } = inZone({ kind: 'Normal', pcp: 0 }).draw(5, [0], 5).read();
    expect(flags[5]).toBe(0);
    expect(said(caveats, 'per-CPU')).toEqual([]);
  });

  it('are kernel memory where nobody counted', () => {
    const sketch = inZone({ kind: 'Normal' }).draw(5, [0], 5);
    sketch.texts.zoneinfo = null;
    sketch.texts.memory_blocks = (sketch.texts.memory_blocks as string).replaceAll('Movable', 'Normal');
    const { flags, caveats } = sketch.read();
    expect(flags[5]).toBe(0);
    expect(said(caveats, 'how many of 5 untyped pages are free')).toHaveLength(1);
  });
});

describe('pages that change hands between kpageflags and kpagecount', () => {
  it.each(['Movable', 'Normal'])('are anonymous in zone %s if they had no flag and have mappings', (kind) => {
    const { flags, mapcounts, caveats } = inZone({ kind }).draw(5, [0, 0, 2]).read();
    expect([flags[5], mapcounts[5]]).toEqual([FRESH, 2]);
    expect(said(caveats, '1 page without flags had mappings')).toHaveLength(1);
  });

  it('are free if they were anonymous, mapped, and have no mapping left', () => {
    const { flags, caveats } = inZone({ kind: 'Normal' }).draw(5, [ANON_PAGE, 0, 0], 2).read();
    expect([...flags.subarray(5, 7)]).toEqual([page.PG_PCP, page.PG_PCP]);
    expect(said(caveats, '2 anonymous pages had none left')).toHaveLength(1);
  });

  it('stay what they are if swap, a file or a compound page has them', () => {
    const sketch = inZone({ kind: 'Movable' })
      .draw(4, [ANON_PAGE | KPF.SWAPCACHE])
      .draw(5, [KPF.LRU | KPF.MMAP]);
    const { flags } = sketch
      .draw(6, [ANON_PAGE | KPF.THP | KPF.HEAD])
      .draw(7, [ANON_PAGE | KPF.THP | KPF.TAIL])
      .read();
    expect([flags[4], flags[5]]).toEqual([FRESH | page.PG_SWAPCACHE, page.PG_LRU]);
    expect([flags[6], flags[7]]).toEqual([FRESH | page.PG_THP | page.PG_HEAD, FRESH | page.PG_THP | page.PG_TAIL]);
  });

  it('are told apart from anonymous pages that something else holds', () => {
    const { flags, caveats } = inZone({ kind: 'Movable' })
      .draw(5, [ANON_PAGE & ~KPF.MMAP])
      .read();
    expect(flags[5]).toBe(FRESH);
    expect(said(caveats, '1 anonymous page with neither a mapping nor a swap slot')).toHaveLength(1);
  });
});

describe('pages of zsmalloc', () => {
  it('look mapped until 6.10: as many as zoneinfo counts, those with private data first', () => {
    const sketch = inZone({ kind: 'Movable', zspages: 3 }).draw(5, [KPF.MMAP, 0, 4]).draw(6, [KPF.MMAP, 0, 1]);
    sketch.draw(7, [KPF.MMAP | KPF.LOCKED, KPF_HIGH.PRIVATE, 1]).draw(8, [KPF.MMAP, KPF_HIGH.PRIVATE, 1]);
    const { flags, mapcounts } = sketch.read();
    // The fourth page looks alike, but zsmalloc has three: in zone Movable it is somebody's memory.
    expect([...flags.subarray(5, 9)]).toEqual([page.PG_MOVABLE_OPS, FRESH, page.PG_MOVABLE_OPS, page.PG_MOVABLE_OPS]);
    expect([...mapcounts.subarray(5, 9)]).toEqual([0, 1, 0, 0]);
  });

  it('show one page of each zspage since 6.11, and the rest is said to be missing', () => {
    const sketch = inZone({ kind: 'Movable', zspages: 6, pcp: 2 }).draw(5, [0, KPF_HIGH.PRIVATE], 2).draw(7, [0], 6);
    const { flags, caveats } = sketch.read();
    expect([...flags.subarray(5, 8)]).toEqual([page.PG_MOVABLE_OPS, page.PG_MOVABLE_OPS, page.PG_PCP]);
    expect(said(caveats, 'zsmalloc has 6 pages, of which 2 could be found')).toHaveLength(1);
  });

  it('are not looked for where there are none', () => {
    const sketch = inZone({ kind: 'Normal', zspages: 0 }).draw(5, [KPF.MMAP, KPF_HIGH.PRIVATE, 1]);
    const { flags, mapcounts } = sketch.draw(6, [KPF.MMAP | KPF.REFERENCED, 0, 1]).read();
    expect([flags[5], flags[6], mapcounts[5], mapcounts[6]]).toEqual([0, 0, 0, 0]);
  });
});

describe('pages in use without a type', () => {
  it('are anonymous in zone Movable if they are mapped, and else kernel memory with a caveat', () => {
    const sketch = inZone({ kind: 'Movable' })
      .draw(5, [KPF.MMAP | KPF.REFERENCED, 0, 3])
      .draw(6, [KPF.LOCKED]);
    const { flags, mapcounts, caveats } = sketch.read();
    expect([flags[5], mapcounts[5], flags[6]]).toEqual([FRESH, 3, 0]);
    expect(said(caveats, '1 page in use without a type or a mapping')).toHaveLength(1);
  });
});

it('judges each zone by its own counters', () => {
  const sketch = new Sketch().draw(0, [0], 2).draw(NR_PFNS - 2, [0], 2);
  sketch.zones = [
    { kind: 'Normal', spanned: 2048, pcp: 1 },
    { kind: 'Movable', start: 2048, spanned: 2048, pcp: 2 },
  ];
  const { flags } = sketch.read();
  expect([flags[0], flags[1], flags[NR_PFNS - 1]]).toEqual([0, 0, page.PG_PCP]);
});
