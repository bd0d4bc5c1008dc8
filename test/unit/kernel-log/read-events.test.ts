import fc from 'fast-check';
import { looksLikePgd, mappingKind, slabUse } from '../../../src/kernel-log/index.js';
import { dumpText, eventsOf, fixtureLog, pagesOf } from './logs.js';

describe('dumps of Linux 6.1', () => {
  it('give a page that did not migrate, with what migrate_pages returned', () => {
    const [first] = pagesOf(fixtureLog('6.1-pinned'));
    expect(first).toMatchObject({ seconds: 21.696842, pfn: 0x10057f, because: 'migration failure', ret: 216 });
    expect(first?.page).toMatchObject({
      refcount: 3,
      mapcount: 1,
      userOf: 'anon',
      hasMapping: false,
      head: null,
      mapping: null,
      node: 0,
      flags: ['referenced', 'uptodate', 'dirty', 'mappedtodisk', 'swapbacked'],
      because: 'migration failure',
    });
    expect(first?.page?.words).toHaveLength(8);
    expect(mappingKind(first?.page?.words ?? [])).toBe('anon');
  });

  it('give the mapping of a file', () => {
    const [first] = pagesOf(fixtureLog('6.1-journal'));
    expect(first?.page).toMatchObject({
      refcount: 3,
      mapcount: 0,
      hasMapping: true,
      userOf: null,
      mapping: { aops: 'def_blk_aops', ino: 'fe00000', name: null },
      flags: ['referenced', 'dirty', 'active', 'private'],
    });
  });

  it('give the head of a compound page, and how full a slab is', () => {
    const [event] = pagesOf(fixtureLog('6.1-slab-compound'));
    expect(event?.page).toMatchObject({ head: { order: 3, mapcount: null, pincount: 0 }, flags: ['slab', 'head'] });
    expect(event).toMatchObject({ because: 'unmovable page', ret: null });
    expect(slabUse(event?.page?.words ?? [])).toEqual({ inUse: 4, objects: 5, isFrozen: true });
    const [full] = pagesOf(fixtureLog('6.1-slab'));
    expect(slabUse(full?.page?.words ?? [])).toEqual({ inUse: 21, objects: 21, isFrozen: false });
  });

  it('show the root of page tables by its links alone', () => {
    expect(looksLikePgd(pagesOf(fixtureLog('6.1-page-table'))[0]?.page?.words ?? [])).toBe(true);
    for (const other of ['6.1-pinned', '6.1-slab', '6.1-slab-compound', '6.1-journal', '6.12-reserved'])
      expect(looksLikePgd(pagesOf(fixtureLog(other))[0]?.page?.words ?? [])).toBe(false);
  });

  it('name the type that lies in the mapcount', () => {
    const types = [-128, -256, -512, -1024].map((mapcount) => pagesOf(dumpText({ mapcount }))[0]?.page);
    expect(types.map((page) => page?.pageType)).toEqual(['buddy', 'offline', 'table', 'guard']);
    expect(types.map((page) => page?.mapcount)).toEqual([0, 0, 0, 0]);
  });
});

describe('dumps of other kernels', () => {
  it('of 6.12 have a type line and a head with sums', () => {
    const [event] = pagesOf(fixtureLog('6.12-slab-empty'));
    expect(event?.page).toMatchObject({ pageType: 'slab', head: { order: 2, mapcount: 0, pincount: 0 } });
    expect(event?.page?.words).toHaveLength(8);
    expect(slabUse(event?.page?.words ?? [])).toEqual({ inUse: 0, objects: 14, isFrozen: false });
  });

  it('before 5.10 have neither the pfn nor the names of today', () => {
    const log = [
      'migrating pfn 1a2b3 failed ret:1',
      'page:ffffea00068acc00 count:3 mapcount:1 mapping:ffff88811c9f2d39 index:0x7f0',
      'flags: 0x17fffe000080034(uptodate|lru|active|swapbacked)',
      'raw: 017fffe000080034 dead000000000100 dead000000000200 ffff88811c9f2d39',
      'page dumped because: migration failure',
      'page->mem_cgroup:ffff88812ab3c000',
      '',
    ].join('\n');
    expect(pagesOf(log)).toMatchObject([{ pfn: 0x1a2b3, ret: 1, page: { pfn: null, refcount: 3, mapcount: 1 } }]);
  });

  it('tell who allocated the page where page_owner is on, and not who had it before', () => {
    const more = [
      'page_owner tracks the page as allocated',
      'page last allocated via order 0, migratetype Unmovable, gfp_mask 0xcc0(GFP_KERNEL), pid 812, tgid 810 (nginx), ts 1, free_ts 0',
      ' post_alloc_hook+0x1a/0x20',
      ' pipe_write+0x12/0x80',
      'page last free pid 3 tgid 3 stack trace:',
      ' free_unref_page+0x1/0x2',
    ];
    const [event] = pagesOf(dumpText({ more }));
    expect(event?.page?.allocation).toEqual({ pid: 812, command: 'nginx', stack: ['post_alloc_hook', 'pipe_write'] });
  });

  it('keep hostile names of files harmless', () => {
    const aops = 'ext4_da_aops ino:2f dentry name:"a\u001b[2J"b\u202e"';
    expect(pagesOf(dumpText({ aops }))[0]?.page?.mapping).toEqual({
      aops: 'ext4_da_aops',
      ino: '2f',
      name: 'a\\u001b[2J"b\\u202e',
    });
  });
});

describe('a log', () => {
  const whole = dumpText({ ret: 7 });

  it('that is cut within a dump gives what it has', () => {
    const lines = whole.split('\n');
    const cut = (nr: number) => pagesOf(`${lines.slice(0, nr).join('\n')}\n`)[0];
    expect(cut(1)).toMatchObject({ pfn: 0x100123, because: 'migration failure', ret: 7, page: null });
    expect(cut(2)?.page).toMatchObject({ refcount: 2, because: null, words: [], flags: [] });
    expect(cut(2)?.because).toBe('migration failure');
    expect(cut(6)?.page).toMatchObject({ because: 'migration failure' });
  });

  it('that has wrapped begins anywhere, and what belongs to no dump is passed over', () => {
    const tail = whole.split('\n').slice(3).join('\n');
    expect(pagesOf(tail)).toEqual([]);
    expect(pagesOf(tail + whole)).toHaveLength(1);
  });

  it('has lines of others in between', () => {
    const mixed = whole
      .split('\n')
      .flatMap((line) => [line, 'usb 1-1: new high-speed USB device', 'page allocation failure: order:4'])
      .join('\n');
    expect(pagesOf(mixed)).toEqual(pagesOf(whole));
  });

  it('keeps apart tasks that speak at the same time, if it says who speaks', () => {
    const of = (pfn: string, caller: string, refcount: number) =>
      dumpText({ pfn, ret: 1, refcount })
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `[    1.000000][ ${caller}] ${line}`);
    const [a, b] = [of('100', 'T1', 3), of('200', 'T2', 4)];
    const mixed = a.flatMap((line, index) => [line, b[index] as string]).join('\n');
    const seen = pagesOf(`${mixed}\n`).map(({ pfn, page }) => [pfn, page?.refcount, page?.because]);
    expect(seen).toEqual([
      [0x100, 3, 'migration failure'],
      [0x200, 4, 'migration failure'],
    ]);
  });

  it('does not take a dump of another page for that of the one named', () => {
    const log = `migrating pfn 999 failed ret:1\n${dumpText({ because: 'bad pte' })}`;
    expect(pagesOf(log).map(({ pfn, because, ret }) => [pfn, because, ret])).toEqual([
      [0x999, 'migration failure', 1],
      [0x100123, 'bad pte', null],
    ]);
  });

  it('says what was left out, and how attempts ended', () => {
    const log = [
      '[   46.780825] do_migrate_range: 45596 callbacks suppressed',
      '[   47.000000] Offlined Pages 32768',
      '[   48.000000] memory offlining [mem 0x100000000-0x107ffffff] failed due to memory holes',
      '',
    ].join('\n');
    expect(eventsOf(log)).toEqual([
      { kind: 'suppressed', seconds: 46.780825, by: 'do_migrate_range', messages: 45596 },
      { kind: 'offlined', seconds: 47, pages: 32768 },
      { kind: 'offline-failed', seconds: 48, start: 0x100000, end: 0x108000, because: 'memory holes' },
    ]);
  });

  it('names every page of the fixtures that were cut, but for what stood in the last line', () => {
    const named = pagesOf(fixtureLog('6.1-pinned'));
    const lines = fixtureLog('6.1-pinned').match(/migrating pfn/g);
    expect(named).toHaveLength(lines?.length ?? 0);
    expect(named.filter(({ page }) => page === null)).toHaveLength(1);
  });

  it('may say anything: nothing throws, and nothing takes long', () => {
    const lines = [...fixtureLog('6.12-slab-empty').split('\n'), ...dumpText({ ret: 3 }).split('\n')];
    const piece = fc.oneof(
      fc.constantFrom(...lines),
      fc.constantFrom(...lines).map((line) => line.slice(0, line.length >> 1)),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.nat(20_000).map((length) => `page: ${'refcount:'.repeat(length % 2000)}`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const event of eventsOf(pieces.join('\n'))) {
          if (event.kind !== 'page') continue;
          expect(Number.isSafeInteger(event.pfn)).toBe(true);
          expect(event.page?.words.length ?? 0).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 300 },
    );
    const begun = performance.now();
    eventsOf(`${`page:${' '.repeat(50_000)}flags: 0x1(${'a|'.repeat(50_000)}\n`.repeat(20)}`);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
