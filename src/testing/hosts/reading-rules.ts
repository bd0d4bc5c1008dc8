import { PageEvents } from '../../events/page-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { MemoryHost } from '../../host/memory-host.js';
import { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import { PG_BUDDY, PG_HUGE } from '../../mm/page-flags.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { ZONE_KINDS } from '../../mm/zone.js';
import {
  exists,
  expectSame,
  expectThat,
  fail,
  freeListsOf,
  type HostCase,
  hashOf,
  isFree,
  nrBlocksOf,
  type OpenHost,
  onHost,
  shared,
  statesOf,
} from './host-world.js';

const MARKS = ['min', 'low', 'high'] as const;

/** What can be asked of any host, and changes nothing. */
export function readingRules(open: OpenHost, pageTypes: readonly PageType[]): HostCase[] {
  const looking = shared(open);
  return [...layoutCases(looking), ...freeMemoryCases(looking), ...pageCases(looking, pageTypes)];
}

function layoutCases(open: OpenHost): HostCase[] {
  return [
    onHost(open, 'layout-is-sound', 'zones are disjoint, ascending, and whole pageblocks', ({ host }) => {
      let last = 0;
      expectThat(host.layout.zones.length > 0, 'there is no zone');
      for (const { start, end, kind } of host.layout.zones) {
        expectThat(last <= start && start < end, `zone ${kind} at ${start} does not come after ${last}`);
        expectThat(end <= host.layout.nrPfns, `zone ${kind} ends at ${end}, beyond memory`);
        expectThat(start % PAGEBLOCK_PAGES === 0 && end % PAGEBLOCK_PAGES === 0, `zone ${kind} cuts a pageblock`);
        last = end;
      }
    }),
    onHost(open, 'layout-is-sound', 'a page is in the zone that spans it, and in none outside of all', ({ host }) => {
      const { zones, nrPfns } = host.layout;
      for (const [zone, { start, end }] of zones.entries()) {
        for (const pfn of [start, end - 1]) expectSame(host.zoneOf(pfn), zone, `the zone of page ${pfn}`);
      }
      for (let pfn = 0; pfn < nrPfns; pfn += PAGEBLOCK_PAGES) {
        if (zones.some(({ start, end }) => start <= pfn && pfn < end)) continue;
        expectSame(host.zoneOf(pfn), -1, `the zone of page ${pfn}, which no zone spans`);
      }
    }),
    onHost(open, 'layout-is-sound', 'DIMMs are whole blocks, inside memory, and apart', ({ host }) => {
      const { dimms, blockPages, nrPfns } = host.layout;
      let last = 0;
      for (const { name, range } of [...dimms].sort((a, b) => a.range.start - b.range.start)) {
        expectThat(range.start % blockPages === 0 && range.end % blockPages === 0, `DIMM ${name} cuts a block`);
        expectThat(last <= range.start && range.start < range.end && range.end <= nrPfns, `DIMM ${name} is misplaced`);
        last = range.end;
      }
    }),
    onHost(open, 'blocks-and-pages-agree', 'a block has pages exactly if it is online', ({ host }) => {
      for (let block = 0; block < nrBlocksOf(host); block++) {
        const { start, end } = blockRange(block, host.layout.blockPages);
        let nrPages = 0;
        for (let pfn = start; pfn < Math.min(end, host.layout.nrPfns); pfn++) if (exists(host, pfn)) nrPages++;
        const state = host.blockState(block);
        expectThat([0, 1, 2, 3].includes(state), `block ${block} is in state ${state}, which is none`);
        expectSame(nrPages > 0, state === BLOCK_ONLINE, `that block ${block} has pages (${nrPages}, state ${state})`);
      }
      expectSame(host.blockState(nrBlocksOf(host) + 1000), 0, 'the state of a block beyond memory');
    }),
    onHost(open, 'layout-is-sound', 'watermarks are ordered, and reserves come on top', ({ host }) => {
      for (const [zone, { kind }] of host.layout.zones.entries()) {
        for (const highest of ZONE_KINDS) {
          const [min, low, high] = MARKS.map((mark) => host.free.watermark(zone, mark, highest));
          expectThat(0 <= min! && min! <= low! && low! <= high!, `the marks of ${kind} are ${min}, ${low}, ${high}`);
          const own = host.free.watermark(zone, 'min', kind);
          if (highest === 'Movable') expectThat(min! >= own, `${kind} holds nothing back from movable memory`);
        }
      }
    }),
    onHost(open, 'invariants-hold', 'all is well with it', ({ host }) => {
      const [first] = host.validate();
      expectThat(first === undefined, `an invariant is broken: ${first}`);
    }),
  ];
}

function freeMemoryCases(open: OpenHost): HostCase[] {
  return [
    onHost(open, 'free-lists-add-up', 'a zone has as many free pages as flags say', ({ host }) => {
      for (const [zone, { start, end, kind }] of host.layout.zones.entries()) {
        let nrFree = 0;
        for (let pfn = start; pfn < end; pfn++) if ((host.columns.flags[pfn]! & PG_BUDDY) !== 0) nrFree++;
        expectSame(host.free.nrPages(zone), nrFree, `the number of free pages of ${kind}`);
      }
    }),
    onHost(open, 'free-lists-add-up', 'free lists have every free page once, in aligned blocks', ({ host }) => {
      for (const [zone, { kind, start, end }] of host.layout.zones.entries()) {
        const seen = new Uint8Array(end - start);
        for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
          const heads = host.free.blocks(zone, order);
          expectSame(heads.length, host.free.nrBlocks(zone, order), `the length of list ${order} of ${kind}`);
          for (const head of heads) {
            expectThat(head % 2 ** order === 0, `a block of order ${order} begins at ${head}`);
            expectSame(host.free.blockOrder(head), order, `the order of the block at ${head}`);
            checkBlock(host, zone, head, order, (pfn) => seen[pfn - start]!++);
          }
        }
        const nrListed = seen.reduce((sum, times) => sum + times, 0);
        expectSame(nrListed, host.free.nrPages(zone), `the number of pages on the lists of ${kind}`);
        expectThat(!seen.some((times) => times > 1), `a page of ${kind} is on two lists`);
      }
    }),
    onHost(open, 'free-lists-add-up', 'either end of a list has movable blocks of it', ({ host }) => {
      for (const [zone] of host.layout.zones.entries()) {
        for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
          const all = new Set(host.free.blocks(zone, order));
          for (const end of ['first', 'last'] as const) {
            const some = host.free.atEnd(zone, order, end, 3);
            expectThat(some.length <= 3, 'more were given than asked for');
            for (const pfn of some) expectThat(all.has(pfn), `block ${pfn} is at an end of the list, and not on it`);
          }
        }
      }
    }),
    onHost(
      open,
      'room-is-free',
      'there is room for what is free above the marks, and none where all is excluded',
      ({ host }) => {
        const all = host.roomOutside([]);
        const nrFree = host.layout.zones.reduce((sum, _, zone) => sum + host.free.nrPages(zone), 0);
        const sum = all.byZone.reduce((pages, own) => pages + own, 0);
        expectSame(all.pages, sum, 'the room of all zones together');
        expectThat(all.pages <= nrFree, `there is room for ${all.pages} pages, and ${nrFree} are free`);
        const half = host.roomOutside([{ start: 0, end: host.layout.zones[0]!.end }]);
        expectThat(half.pages <= all.pages, 'there is more room where less may be used');
        expectSame(
          host.roomOutside([{ start: 0, end: host.layout.nrPfns }]).pages,
          0,
          'the room outside of everything',
        );
      },
    ),
    onHost(open, 'layout-is-sound', 'no more swap is used than there is', ({ host }) => {
      const { slots, used } = host.swap;
      expectThat(used >= 0 && used <= slots, `${used} of ${slots} slots are used`);
    }),
  ];
}

function checkBlock(host: MemoryHost, zone: number, head: number, order: number, note: (pfn: number) => void): void {
  expectSame(host.zoneOf(head), zone, `the zone of free block ${head}`);
  for (let pfn = head; pfn < head + 2 ** order; pfn++) {
    if ((host.columns.flags[pfn]! & PG_BUDDY) === 0) fail(`page ${pfn} is on a free list, and not flagged as free`);
    note(pfn);
  }
}

function pageCases(open: OpenHost, pageTypes: readonly PageType[]): HostCase[] {
  return [
    onHost(
      open,
      'references-add-up',
      'free pages have no references, pages in use have all their mappings',
      ({ host }) => {
        const { flags, count, mapcount } = host.columns;
        for (let pfn = 0; pfn < host.layout.nrPfns; pfn++) {
          if (!exists(host, pfn)) continue;
          if (isFree(host, pfn)) {
            if (count[pfn] !== 0) fail(`free page ${pfn} has ${count[pfn]} references`);
          } else if (count[pfn] === 0) {
            // Nobody refers to a huge page that lies in its pool (enqueue_hugetlb_folio), nor does a tail have a count.
            if ((flags[pfn]! & PG_HUGE) === 0 || mapcount[pfn] !== 0) fail(`page ${pfn} is in use without a reference`);
          } else if (count[pfn]! < mapcount[pfn]!) fail(`page ${pfn} has more mappings than references`);
        }
      },
    ),
    onHost(open, 'handlers-see-columns', 'handlers see what the columns hold', ({ host }) => {
      const { flags, count, mapcount } = host.columns;
      for (let pfn = 0; pfn < host.layout.nrPfns; pfn++) {
        if (host.pages.flags(pfn) !== flags[pfn]) fail(`the flags of page ${pfn} are others for handlers`);
        if (host.pages.count(pfn) !== count[pfn]) fail(`the references of page ${pfn} are others for handlers`);
        if (host.pages.mapcount(pfn) !== mapcount[pfn]) fail(`the mappings of page ${pfn} are others for handlers`);
      }
    }),
    onHost(open, 'reading-changes-nothing', 'every page can be judged, and reading changes nothing', ({ host }) => {
      const before = `${hashOf(host)} ${statesOf(host)} ${freeListsOf(host)}`;
      const service = new MigrationService(host, pageTypes, new PageEvents());
      let nrGo = 0;
      for (let pfn = 0; pfn < host.layout.nrPfns; pfn++) if (service.judge(pfn) === 0) nrGo++;
      expectThat(nrGo > 0, 'no page at all would go');
      host.validate();
      host.roomOutside([{ start: 0, end: PAGEBLOCK_PAGES }]);
      const { reclaimed, scanned } = host.reclaim.counters;
      expectThat(reclaimed >= 0 && reclaimed <= scanned, `${reclaimed} pages were reclaimed of ${scanned} scanned`);
      expectSame(`${hashOf(host)} ${statesOf(host)} ${freeListsOf(host)}`, before, 'the host after all the reading');
    }),
  ];
}
