import { PG_ANON, PG_HWPOISON, PG_LRU, PG_OFFLINE } from 'vacate/handler';
import { openWorld, pageTypeConformance, poisonedFixture, poisonedPages } from 'vacate/testing';
import { NO_PAGE } from '../../src/mm/units.js';
import hwpoison from './index.js';

describe('hwpoison', () => {
  for (const { name, run } of pageTypeConformance(hwpoison, poisonedPages())) it(name, run);

  it.each([
    ['a page with a memory error', PG_HWPOISON, true],
    ['an anonymous page that got one', PG_HWPOISON | PG_ANON | PG_LRU, true],
    ['a page that virtio-mem has unplugged', PG_OFFLINE, false],
    ['an anonymous page', PG_ANON | PG_LRU, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(hwpoison, poisonedFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('lets its pages stay when their block goes offline, and nobody gets them when it is back', () => {
    const { host, pages, service } = openWorld(hwpoison, poisonedFixture());
    const { flags } = host.columns;
    const [first] = pages;
    expect(pages.map(({ pfn }) => service.staysWhenOffline(pfn))).toEqual([true, true, true]);
    host.isolateRange({ start: 512, end: 1024 });
    expect(host.offlineBlock(1)).toBe(true);
    expect(service.staysWhenOffline(first!.pfn)).toBe(false);
    host.onlineBlock(1);
    expect(flags[first!.pfn]).toBe(PG_HWPOISON);
    const handedOut = new Set<number>();
    for (;;) {
      const pfn = host.allocateTarget(0, 600, 11);
      if (pfn === NO_PAGE) break;
      handedOut.add(pfn);
    }
    expect(handedOut.size).toBe(1024 - pages.length);
    expect(pages.some(({ pfn }) => handedOut.has(pfn))).toBe(false);
    expect(host.validate()).toEqual([]);
  });
});
