import { afterAll, describe, expect, it } from '@jest/globals';
import type { PageOwner } from '../../../src/mm/page-owners.js';
import {
  ANON_PAGE,
  BLOCK_PAGES,
  KPF,
  KPF_HIGH,
  type Page,
  removeTemporaryDirectories,
  type Sketch,
} from '../capture/sketch.js';
import { forecasterOf, sketchOf } from './sketched.js';

afterAll(removeTemporaryDirectories);

const ANON: Page = [ANON_PAGE, 0, 1];
const RESERVED: Page = [0, KPF_HIGH.RESERVED];
const SLAB: Page = [KPF.SLAB];
const PAGE_TABLE: Page = [KPF.PGTABLE];
const LOCKED: Page = [ANON_PAGE | KPF.LOCKED, 0, 1];
const TOUCHED: Page = [ANON_PAGE | KPF.REFERENCED, 0, 1];
const MLOCKED: Page = [ANON_PAGE | KPF.REFERENCED | KPF.UNEVICTABLE, KPF_HIGH.MLOCKED, 1];
const METADATA: Page = [KPF.LRU | KPF.ACTIVE, KPF_HIGH.PRIVATE];
const USED_METADATA: Page = [KPF.LRU | KPF.ACTIVE | KPF.REFERENCED, KPF_HIGH.PRIVATE];
const DIRTY_METADATA: Page = [KPF.LRU | KPF.ACTIVE | KPF.DIRTY, KPF_HIGH.PRIVATE];
const BARE: Page = [0];

/** Block 3 with so many pages of one kind, from its second page on. */
const AT = 3 * BLOCK_PAGES + 1;

function block3(sketch: Sketch) {
  return forecasterOf(sketch).one(3);
}

describe('a page that the kernel refuses at sight', () => {
  it.each([
    ['reserved', RESERVED, 'Movable', 'will-not-go'],
    ['reserved', RESERVED, 'Normal', 'will-not-go'],
    ['slab', SLAB, 'Normal', 'will-not-go'],
    ['page-table', PAGE_TABLE, 'Normal', 'will-not-go'],
  ] as const)('%s in zone %s: one is enough', (reason, page, zone, verdict) => {
    const found = block3(
      sketchOf(zone)
        .draw(AT, page)
        .draw(AT + 20, ANON, 50),
    );
    expect(found).toMatchObject({ verdict, waitingHelps: false, pagesToMove: 50 });
    expect(found.reasons).toHaveLength(1);
    expect(found.reasons[0]).toMatchObject({ reason, kind: 'permanent', pages: 1, pfns: [AT], decides: verdict });
  });

  it('names sixteen pages and counts all', () => {
    const [found] = block3(sketchOf('Normal').draw(AT, SLAB, 100)).reasons;
    expect(found).toMatchObject({ pages: 100, pfns: Array.from({ length: 16 }, (_, index) => AT + index) });
    expect(found!.named.map(({ flags }) => flags)).toEqual(Array.from({ length: 16 }, () => 'slab'));
  });
});

describe('pages that move', () => {
  it.each([
    ['anonymous memory', ANON],
    ['locked for a moment', LOCKED],
    ['mlocked', MLOCKED],
    ['clean metadata', METADATA],
  ])('%s: the block goes, and they are what it costs', (_name, page) => {
    const found = block3(sketchOf('Movable').draw(AT, page, 40));
    expect(found).toMatchObject({ verdict: 'will-go', pagesToMove: 40, bytesToMove: 40 * 4096, waitingHelps: false });
    expect(found.reasons.filter(({ decides }) => decides !== null)).toEqual([]);
  });

  it('an empty block costs nothing', () => {
    expect(block3(sketchOf('Normal'))).toMatchObject({ verdict: 'will-go', pagesToMove: 0, pagesFree: BLOCK_PAGES });
  });
});

describe('pages without a flag', () => {
  it('may be free on per-CPU lists while these can hold as many', () => {
    const sketch = sketchOf('Normal', 2)
      .draw(AT, BARE, 2)
      .draw(6 * BLOCK_PAGES, BARE, 20);
    expect(block3(sketch)).toMatchObject({ verdict: 'cannot-know', waitingHelps: true });
  });

  it('are all free if zoneinfo counts as many on lists', () => {
    expect(block3(sketchOf('Normal', 20).draw(AT, BARE, 20)).verdict).toBe('will-go');
  });

  it('are the kernel’s if the lists cannot hold so many', () => {
    const found = block3(sketchOf('Normal', 2).draw(AT, BARE, 3));
    expect(found).toMatchObject({ verdict: 'will-not-go', waitingHelps: false });
    expect(found.reasons[0]).toMatchObject({ reason: 'untyped', pages: 3 });
  });
});

describe('metadata of file systems', () => {
  it('dirty: a journal may hold it', () => {
    const found = block3(sketchOf('Movable').draw(AT, DIRTY_METADATA));
    expect(found).toMatchObject({ verdict: 'cannot-know', waitingHelps: true, pagesToMove: 1 });
    expect(found.reasons[0]).toMatchObject({ reason: 'journal-buffers', pfns: [AT] });
  });

  it('clean and much used: held by a journal at rest, let go by one at work', () => {
    const sketch = sketchOf('Movable').draw(AT, USED_METADATA);
    expect(block3(sketch).verdict).toBe('cannot-know');
    expect(block3(sketch.draw(6 * BLOCK_PAGES, DIRTY_METADATA)).verdict).toBe('will-go');
  });
});

describe('marks of get_user_pages', () => {
  it('leave the block open where nothing else makes them', () => {
    const found = block3(sketchOf('Movable').draw(AT, TOUCHED, 9));
    expect(found.verdict).toBe('cannot-know');
    expect(found.reasons[0]).toMatchObject({ reason: 'touched-by-gup', pages: 9, kind: 'retry' });
    expect(found.extraReferences.evidenceFor).toHaveLength(1);
  });

  it.each([
    ['a few, as each program that starts leaves them', 7, '0'],
    ['once reclaim has run', 9, '5'],
  ])('say nothing: %s', (_name, pages, scanned) => {
    const sketch = sketchOf('Movable').draw(AT, TOUCHED, pages);
    sketch.texts.vmstat = `pgscan_kswapd ${scanned}\n`;
    expect(block3(sketch)).toMatchObject({ verdict: 'will-go', extraReferences: { pages } });
  });

  it('are not asked for where no counters are: nothing is held against a block that is not known', () => {
    const sketch = sketchOf('Movable').draw(AT, TOUCHED, 40);
    sketch.texts.vmstat = null;
    expect(block3(sketch).verdict).toBe('will-go');
  });
});

describe('what a block is', () => {
  it('of no one zone: never', () => {
    const sketch = sketchOf('Normal');
    sketch.texts.memory_blocks = sketch.texts.memory_blocks!.replace(
      'memory3 online 1 Normal',
      'memory3 online 1 none',
    );
    const found = block3(sketch);
    expect(found).toMatchObject({ verdict: 'will-not-go', zones: [], waitingHelps: false });
    expect(found.reasons[0]).toMatchObject({ reason: 'two-zones', kind: 'permanent' });
  });

  it('not all System RAM: never', () => {
    const sketch = sketchOf('Normal');
    sketch.texts.iomem = '00000000-007ff000 : System RAM\n';
    expect(block3(sketch).reasons[0]).toMatchObject({ reason: 'holes', pages: 1, decides: 'will-not-go' });
  });

  it('System RAM inside of something else counts, and addresses that were hidden say nothing', () => {
    const inside = sketchOf('Normal');
    inside.texts.iomem = '00000000-00ffffff : CXL Window 0\n  00000000-00ffffff : System RAM (kmem)\n';
    expect(block3(inside).verdict).toBe('will-go');
    const hidden = sketchOf('Normal');
    hidden.texts.iomem = '00000000-00000000 : System RAM\n';
    expect(block3(hidden).verdict).toBe('will-go');
  });

  it.each([
    ['Y', 'will-go'],
    ['force', 'will-go'],
    ['N', 'will-not-go'],
    [null, 'cannot-know'],
  ] as const)('its own memory map at its start, memmap_on_memory %s: %s', (value, verdict) => {
    const sketch = sketchOf('Movable').draw(3 * BLOCK_PAGES, RESERVED, BLOCK_PAGES / 64);
    const path = '/sys/module/memory_hotplug/parameters/memmap_on_memory';
    sketch.texts.settings = value === null ? null : `${path} ${value}\n`;
    expect(block3(sketch).verdict).toBe(verdict);
  });
});

describe('huge pages of a pool', () => {
  const HEAD: Page = [KPF.HUGE | KPF.HEAD, 0, 1];
  const TAIL: Page = [KPF.HUGE | KPF.TAIL, 0, 1];
  const draw = (sketch: Sketch) => sketch.draw(3 * BLOCK_PAGES, HEAD).draw(3 * BLOCK_PAGES + 1, TAIL, BLOCK_PAGES - 1);

  it('go where a free one can be made elsewhere', () => {
    const found = block3(draw(sketchOf('Movable')));
    expect(found).toMatchObject({ verdict: 'will-go', pagesToMove: BLOCK_PAGES });
    expect(found.reasons[0]).toMatchObject({ reason: 'hugetlb', decides: null });
  });

  it('may not where all other memory is in pieces, or the pool is promised', () => {
    const pieces = draw(sketchOf('Movable'));
    for (let block = 0; block < 8; block++) if (block !== 3) pieces.draw(block * BLOCK_PAGES + 100, ANON);
    expect(block3(pieces).verdict).toBe('cannot-know');
    const promised = draw(sketchOf('Movable'));
    promised.texts.meminfo = 'HugePages_Rsvd:        1\n';
    expect(block3(promised).verdict).toBe('cannot-know');
  });
});

describe('owners', () => {
  const owner = (pid: number): PageOwner => ({ pid, command: 'redis-server', mapping: '[heap]', cgroup: null });
  const [first, second] = [owner(7), owner(8)];
  const owners = { ownersOf: (pfn: number) => (pfn < AT ? [] : pfn < AT + 30 ? [first!] : [second!, first!]) };

  it('are named for a reason, and counted for the block', () => {
    const sketch = sketchOf('Movable').draw(AT, TOUCHED, 40);
    const found = forecasterOf(sketch, { owners }).one(3);
    expect(found.reasons[0]!.owner).toEqual(first);
    expect(found.owners[0]).toEqual({ ...first, pages: BLOCK_PAGES - 1 });
    expect(found.owners[1]).toEqual({ ...second, pages: BLOCK_PAGES - 31 });
  });

  it('are none where nobody knows them', () => {
    expect(block3(sketchOf('Movable').draw(AT, TOUCHED, 40))).toMatchObject({ owners: [], reasons: [{ owner: null }] });
  });
});
