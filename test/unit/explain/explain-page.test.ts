import { explainAttempt, explainLog } from '../../../src/explain/index.js';
import { parseKernelLog } from '../../../src/kernel-log/index.js';
import { PG_HUGE } from '../../../src/mm/page-flags.js';
import { type Dump, dumpText, fixtureLog } from '../kernel-log/logs.js';

const explain = (log: string) => explainLog(parseKernelLog(log));
const pageOf = (dump: Dump) => explain(dumpText({ ret: 1, ...dump }))[0]!.pages[0]!;

const FILE = {
  mapping: 'ffff8c4b4157ef58',
  mappingWord: 'ffff8c4b4157ef58',
  aops: 'ext4_da_aops ino:2f dentry name:"db"',
};
const SECRET = { ...FILE, refcount: 3, flags: 'flags: 0x1(uptodate|unevictable)' };
const NOBODY = '0000000000000000';

describe('references of real pages', () => {
  it('of a page that vmsplice holds: one more than its mapping and the attempt explain', () => {
    const [attempt] = explain(fixtureLog('6.1-pinned'));
    expect(attempt!.pages).toHaveLength(10);
    for (const page of attempt!.pages) {
      expect(page).toMatchObject({
        block: 32,
        type: 'anonymous',
        refcount: 3,
        mapcount: 1,
        expected: 2,
        unexplained: 1,
      });
      expect(page.references).toEqual({ mappings: 1, cache: 0, buffers: 0, isolation: 1, kernel: 0 });
      expect(page).toMatchObject({ verdict: 'short-term-pin', waitingHelps: null, owner: null });
      expect(page.likelyHolder).toMatch(/vmsplice.* fewer than the 1024 that a DMA pin counts/);
    }
  });

  it('of metadata whose buffers a journal holds: all explained, so that it is the buffers', () => {
    const [attempt] = explain(fixtureLog('6.1-journal'));
    for (const page of attempt!.pages) {
      expect(page).toMatchObject({ type: 'metadata', refcount: 3, expected: 3, unexplained: 0, verdict: 'journal' });
      expect(page.references).toEqual({ mappings: 0, cache: 1, buffers: 1, isolation: 1, kernel: 0 });
      expect(page.likelyHolder).toContain('/dev/block/254:0');
      expect(page.waitingHelps).toBe(true);
    }
  });

  it.each([
    ['6.1-slab', 'slab', /21 of its 21 objects/],
    ['6.1-slab-compound', 'slab', /4 of its 5 objects are in use, and a CPU allocates from it/],
    ['6.12-slab-empty', 'slab', /none of its objects is in use/],
    ['6.1-page-table', 'page-table', /root of one, by its links/],
    ['6.12-reserved', 'reserved', /since boot/],
  ])('of %s, refused at sight: its owner has the one there is', (name, type, holder) => {
    const [attempt, ...others] = explain(fixtureLog(name));
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({ outcome: 'refused', because: 'unmovable-page', waitingHelps: false });
    expect(attempt!.pages).toHaveLength(1);
    expect(attempt!.pages[0]).toMatchObject({ type, verdict: type, refcount: 1, expected: 1, unexplained: 0 });
    expect(attempt!.pages[0]!.likelyHolder).toMatch(holder);
  });
});

describe('a page that did not migrate', () => {
  it.each<[string, Dump, string, number | null, number | null]>([
    ['with every reference explained', { refcount: 2 }, 'explained', 2, 0],
    ['with fewer than explained', { refcount: 1 }, 'being-freed', 2, -1],
    ['pinned by a device', { refcount: 2 + 1024 }, 'dma-pin', 2, 1024],
    ['in the swap cache', { refcount: 3, flags: 'anon flags: 0x1(swapbacked|swapcache)' }, 'explained', 3, 0],
    [
      'of a file, with a reference more',
      { ...FILE, mapcount: 2, refcount: 5, flags: 'flags: 0x1(uptodate)' },
      'file-reference',
      4,
      1,
    ],
    [
      'of a file with buffers',
      { ...FILE, mapcount: 0, refcount: 3, flags: 'flags: 0x1(uptodate|private)' },
      'file-system',
      3,
      0,
    ],
    ['in writeback', { ...FILE, refcount: 4, flags: 'flags: 0x1(uptodate|writeback)' }, 'writeback', 3, 1],
    ['that is locked', { refcount: 3, flags: 'anon flags: 0x1(locked|swapbacked)' }, 'locked', 2, 1],
    ['of secret memory', { ...SECRET, aops: 'secretmem_aops ino:5' }, 'secret-memory', 3, 0],
    ['of a confidential guest', { ...SECRET, aops: 'kvm_gmem_aops ino:5' }, 'guest-memory', 3, 0],
    ['for which there was no other', { ret: -12 }, 'no-target', 2, 0],
    ['of zsmalloc', { mapcount: 0, mappingWord: 'ffffffffc0400002', flags: 'flags: 0x1(private)' }, 'driver', 2, 0],
    ['that lies on a slab in a movable zone', { because: 'isolation failed', flags: 'flags: 0x1(slab)' }, 'slab', 2, 0],
    ['that another task has isolated', { because: 'isolation failed', refcount: 3 }, 'isolated-elsewhere', 2, 1],
  ])('%s', (_, dump, verdict, expected, unexplained) => {
    expect(pageOf(dump)).toMatchObject({ verdict, expected, unexplained });
  });

  it('counts one reference for each page of a folio in the page cache, and its pins', () => {
    const head = 'order:4 mapcount:3 entire_mapcount:0 nr_pages_mapped:3 pincount:2';
    const page = pageOf({ ...FILE, refcount: 22, head, flags: 'flags: 0x1(uptodate|head)' });
    expect(page).toMatchObject({ nrPages: 16, mapcount: 3, expected: 20, unexplained: 2, verdict: 'dma-pin' });
    expect(page.likelyHolder).toMatch(/2 pins$/);
  });

  it('does not guess the mappings of a folio where the kernel prints those of one page', () => {
    const head = 'order:9 compound_mapcount:0 compound_pincount:0';
    expect(pageOf({ head, mapcount: 1, refcount: 9 })).toMatchObject({ expected: null, unexplained: null });
    // Here all of the page's mappings are of the whole.
    const whole = 'order:9 compound_mapcount:1 compound_pincount:0';
    expect(pageOf({ head: whole, mapcount: 1, refcount: 3 })).toMatchObject({ expected: 2, unexplained: 1 });
  });

  it('is hugetlb if it was that before', () => {
    const records = parseKernelLog(dumpText({ ret: 1 }));
    const { pages } = explainAttempt(records, {}, { flagsOf: () => PG_HUGE });
    expect(pages[0]).toMatchObject({ type: 'hugetlb', verdict: 'hugetlb' });
  });

  it('belongs to its region in CMA, and to the kernel without a type', () => {
    const cma = { because: 'unmovable page', flags: 'flags: 0x1(uptodate) CMA' };
    expect(pageOf(cma).verdict).toBe('cma');
    const untyped = { because: 'unmovable page', mapcount: 0, mappingWord: NOBODY, flags: 'flags: 0x1(node=0|zone=2)' };
    expect(pageOf(untyped)).toMatchObject({ type: 'kernel', verdict: 'kernel', flags: '-', waitingHelps: false });
  });

  it('has the owner that maps it, or else the one that allocated it', () => {
    const owner = { pid: 7, command: 'redis', mapping: '[heap]', cgroup: null };
    const log = dumpText({ ret: 1, more: ['page last allocated via order 0, pid 812, tgid 810 (nginx), ts 1'] });
    const of = (owners: readonly (typeof owner)[]) =>
      explainAttempt(parseKernelLog(log), {}, { owners: { ownersOf: () => owners } }).pages[0]!.owner;
    expect(of([owner])).toEqual(owner);
    expect(of([])).toEqual({ pid: 812, command: 'nginx', mapping: null, cgroup: null });
  });

  it('is likely held by a process that maps it and has the means', () => {
    const owner = { pid: 7, command: 'redis', mapping: '[heap]', cgroup: null };
    const holderOf = (refcount: number, ways: readonly string[]) =>
      explainAttempt(
        parseKernelLog(dumpText({ ret: 1, refcount })),
        {},
        { owners: { ownersOf: () => [owner] }, waysToPin: () => ways },
      ).pages[0]!.likelyHolder;
    expect(holderOf(3, ['2 pipes', '1 io_uring'])).toMatch(
      /; process 7, which maps it, has open: 2 pipes, 1 io_uring$/,
    );
    expect(holderOf(3, [])).not.toContain('process 7');
    expect(holderOf(2, ['2 pipes'])).not.toContain('process 7');
  });

  it('of which the log has no more than the number is still named', () => {
    const [attempt] = explain('migrating pfn 100123 failed ret:1\n');
    expect(attempt!.pages[0]).toMatchObject({ pfn: 0x100123, refcount: null, expected: null, verdict: 'unknown' });
    expect(attempt!.pages[0]).toMatchObject({ flags: null, likelyHolder: expect.stringContaining('cut') });
  });
});

describe('pages kept by the same', () => {
  it('are told together, the most first, however often each is named', () => {
    const pinned = [1, 2, 3].map((nr) => dumpText({ pfn: `10000${nr}`, refcount: 3, ret: 4 })).join('');
    const other = dumpText({ ...SECRET, pfn: '100010', refcount: 9, ret: 4 });
    const [attempt] = explain(pinned + other + pinned);
    expect(attempt!.pages.map(({ pfn, times }) => [pfn, times])).toEqual([
      [0x100001, 2],
      [0x100002, 2],
      [0x100003, 2],
      [0x100010, 1],
    ]);
    expect(attempt!.groups.map(({ verdict, pages, pfns }) => [verdict, pages, pfns.length])).toEqual([
      ['short-term-pin', 3, 3],
      ['file-reference', 1, 1],
    ]);
  });

  it('name no more than 16', () => {
    const many = Array.from({ length: 20 }, (_, nr) =>
      dumpText({ pfn: (0x100000 + nr).toString(16), refcount: 3, ret: 20 }),
    );
    expect(explain(many.join(''))[0]!.groups).toMatchObject([{ pages: 20, pfns: { length: 16 } }]);
  });
});
