import { PageEvents } from '../../events/page-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { MemoryHost } from '../../host/memory-host.js';
import { MigrationService } from '../../migration/migration-service.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { PG_LOCKED, PG_PCP } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { MAX_PAGE_ORDER, NO_PAGE, PAGEBLOCK_PAGES, type Pfn } from '../../mm/units.js';
import {
  exists,
  expectSame,
  expectThat,
  freeListsOf,
  type HostCase,
  type HostWorld,
  hashOf,
  isFree,
  type OpenHost,
  onHost,
} from './host-world.js';

/** So many pages are moved, or taken, where a few tell as much as all. */
const SAMPLE = 64;
const ANY_ORDER = MAX_PAGE_ORDER + 1;

/** The steps of migration, one by one; a host that cannot be asked for them skips these cases. */
export function movingRules(open: OpenHost, pageTypes: readonly PageType[]): HostCase[] {
  return [...isolationCases(open), ...targetCases(open), ...stepCases(open, pageTypes), ...holdCases(open, pageTypes)];
}

function isolationCases(open: OpenHost): HostCase[] {
  return [
    onHost(open, 'isolation-is-undone', 'what is isolated and let go is as it was', ({ host }) => {
      host.drain();
      const range = someFreeRange(host);
      const lists = freeListsOf(host);
      const flags = flagsOf(host, range);
      host.isolateRange(range);
      expectThat(freeListsOf(host) !== lists, 'isolated pages are still on the free lists');
      host.undoIsolateRange(range);
      expectSame(freeListsOf(host), lists, 'the number of free blocks after it');
      expectThat(flagsOf(host, range) === flags, 'flags in the range are others after it');
    }),
    onHost(open, 'isolated-is-not-handed-out', 'nothing isolated is handed out, or counted as room', ({ host }) => {
      host.drain();
      const range = someFreeRange(host);
      const room = host.roomOutside([]).pages;
      host.isolateRange(range);
      expectThat(host.roomOutside([]).pages < room, 'what is isolated still counts as room');
      const taken: Pfn[] = [];
      for (let pfn = host.allocateTarget(0, range.start, ANY_ORDER); pfn !== NO_PAGE; ) {
        taken.push(pfn);
        pfn = host.allocateTarget(0, range.start, ANY_ORDER);
      }
      const wrong = taken.find((pfn) => range.start <= pfn && pfn < range.end);
      expectThat(wrong === undefined, `page ${wrong} was handed out, and is isolated`);
      for (const pfn of taken) host.freeTarget(pfn, 0);
      host.undoIsolateRange(range);
    }),
    onHost(
      open,
      'draining-loses-nothing',
      'draining leaves nothing on per-CPU lists, and loses nothing',
      ({ host }) => {
        const onLists = () => host.columns.flags.reduce((nr, flags) => nr + ((flags & PG_PCP) === 0 ? 0 : 1), 0);
        const nrFree = () => host.layout.zones.reduce((sum, _, zone) => sum + host.free.nrPages(zone), 0);
        const all = onLists() + nrFree();
        host.drain();
        expectSame(onLists(), 0, 'the number of pages on per-CPU lists');
        expectSame(nrFree(), all, 'the number of free pages');
      },
    ),
  ];
}

function targetCases(open: OpenHost): HostCase[] {
  return [
    onHost(
      open,
      'targets-come-back',
      'a target is a free block, aligned, with one reference, and comes back whole',
      ({ host }) => {
        host.drain();
        for (const order of [0, 3, 9]) {
          const before = freeListsOf(host);
          const nrFree = () => host.layout.zones.reduce((sum, _, zone) => sum + host.free.nrPages(zone), 0);
          const free = nrFree();
          const pfn = host.allocateTarget(order, host.layout.zones[0]!.start, ANY_ORDER);
          if (pfn === NO_PAGE) continue;
          expectSame(pfn % 2 ** order, 0, `what a target of order ${order} is off its alignment`);
          expectSame(host.columns.count[pfn]!, 1, 'the references of a target');
          expectThat(!isFree(host, pfn) && exists(host, pfn), `target ${pfn} is still free`);
          expectSame(nrFree(), free - 2 ** order, 'the number of free pages beside it');
          host.freeTarget(pfn, order);
          expectSame(freeListsOf(host), before, 'the free lists after it is given back');
        }
      },
    ),
    onHost(
      open,
      'targets-come-back',
      'a block that is taken out of buddy and given back leaves no trace',
      ({ host }) => {
        host.drain();
        const [zone, head, order] = someFreeBlock(host);
        const before = freeListsOf(host);
        expectSame(host.free.take(head), order, `the order of block ${head}`);
        expectSame(host.free.blockOrder(head), -1, `the order of block ${head}, which is taken`);
        expectSame(host.columns.count[head]!, 1, 'the references of a page that is taken');
        host.free.give(head, order);
        expectSame(freeListsOf(host), before, `the free lists of zone ${zone} after it`);
      },
    ),
  ];
}

function stepCases(open: OpenHost, pageTypes: readonly PageType[]): HostCase[] {
  const serviceOf = (host: MemoryHost) => new MigrationService(host, pageTypes, new PageEvents());
  return [
    onHost(open, 'remap-undoes-unmap', 'a page that is unmapped and mapped again is as it was', (world) => {
      const { host } = world;
      const pages = movable(world, serviceOf(host)).filter((pfn) => host.columns.mapcount[pfn]! > 0);
      expectThat(pages.length > 0, 'no page that would go is mapped');
      for (const pfn of pages.slice(0, SAMPLE)) {
        const before = hashOfPage(host, pfn);
        expectThat(host.lock(pfn), `page ${pfn} cannot be locked`);
        expectThat(host.unmap(pfn), `page ${pfn} cannot be unmapped`);
        expectSame(host.columns.mapcount[pfn]!, 0, `the mappings of page ${pfn} while it is unmapped`);
        host.shootdown();
        host.remap(pfn, pfn);
        host.unlock(pfn);
        expectSame(hashOfPage(host, pfn), before, `page ${pfn} after it`);
      }
      checkValid(world);
    }),
    onHost(open, 'reverse-map-is-whole', 'the reverse map has a VMA for every mapping', (world) => {
      const { host } = world;
      for (const pfn of movable(world, serviceOf(host)).slice(0, SAMPLE)) {
        const nr = host.reverseMap(pfn).filter(({ maps }) => maps).length;
        expectSame(nr, host.columns.mapcount[pfn]!, `the number of VMAs that map page ${pfn}`);
      }
    }),
    onHost(
      open,
      'moved-pages-are-whole',
      'a page that moves keeps its mappings, and leaves its place free',
      (world) => {
        const { host } = world;
        const service = serviceOf(host);
        const pfns = movable(world, service).slice(0, SAMPLE);
        const before = new Map(pfns.map((pfn) => [pfn, host.columns.mapcount[pfn]!]));
        const report = service.migrate({ pfns: Uint32Array.from(pfns), mode: MIGRATE_SYNC, sparedOrder: ANY_ORDER });
        expectSame(report.migrated, pfns.length, `the number of pages that moved (${report.refused[0]?.because})`);
        const taken = new Set(report.targets);
        for (const [at, source] of report.sources.entries()) {
          const target = report.targets[at]!;
          expectSame(host.columns.mapcount[target]!, before.get(source)!, `the mappings of page ${target}`);
          // A page that is moved later may have taken the place.
          expectThat(taken.has(source) || isFree(host, source), `page ${source} moved, and its place is not free`);
        }
        checkValid(world);
      },
    ),
    onHost(open, 'split-is-for-compound-pages', 'a base page does not split, and stays as it is', (world) => {
      const { host } = world;
      const [pfn] = movable(world, serviceOf(host));
      const before = hashOf(host);
      expectThat(!host.split(pfn!), `page ${pfn}, which is no compound page, was split`);
      expectSame(hashOf(host), before, 'the host after it');
    }),
  ];
}

function holdCases(open: OpenHost, pageTypes: readonly PageType[]): HostCase[] {
  const serviceOf = (host: MemoryHost) => new MigrationService(host, pageTypes, new PageEvents());
  return [
    onHost(open, 'locks-exclude', 'a lock is taken by one at a time', (world) => {
      const { host } = world;
      for (const pfn of movable(world, serviceOf(host)).slice(0, SAMPLE)) {
        const before = hashOfPage(host, pfn);
        expectThat(host.lock(pfn), `page ${pfn} cannot be locked`);
        expectThat((host.columns.flags[pfn]! & PG_LOCKED) !== 0, `page ${pfn} is locked, and its flags do not say so`);
        expectThat(!host.lock(pfn), `page ${pfn} is locked by two`);
        host.unlock(pfn);
        expectSame(hashOfPage(host, pfn), before, `page ${pfn} after it`);
      }
    }),
    onHost(
      open,
      'freeze-is-exact',
      'a count is frozen only at what was expected, and thaws to what is said',
      (world) => {
        const { host } = world;
        for (const pfn of movable(world, serviceOf(host)).slice(0, SAMPLE)) {
          const count = host.columns.count[pfn]!;
          for (const wrong of [count - 1, count + 1]) {
            expectThat(!host.freeze(pfn, wrong), `page ${pfn} with ${count} references was frozen at ${wrong}`);
            expectSame(host.columns.count[pfn]!, count, `the references of page ${pfn}, which was not frozen`);
          }
          expectThat(host.freeze(pfn, count), `page ${pfn} cannot be frozen at its ${count} references`);
          expectSame(host.columns.count[pfn]!, 0, `the references of page ${pfn} while it is frozen`);
          host.unfreeze(pfn, count);
          expectSame(host.columns.count[pfn]!, count, `the references of page ${pfn} after it`);
        }
      },
    ),
  ];
}

/** Base pages that would go, ascending, from all over memory. */
function movable({ host }: HostWorld, service: MigrationService): Pfn[] {
  const COMPOUND = (1 << 15) | (1 << 16);
  const found: Pfn[] = [];
  const stride = Math.max(1, Math.floor(host.layout.nrPfns / 65_536)) | 1;
  for (let pfn = 0; pfn < host.layout.nrPfns; pfn += stride) {
    if (!exists(host, pfn) || isFree(host, pfn) || (host.columns.flags[pfn]! & COMPOUND) !== 0) continue;
    if (service.judge(pfn) === 0) found.push(pfn);
  }
  expectThat(found.length > 0, 'no page would go');
  return found;
}

/** The pageblock with the most free pages, in which isolation has most to do. */
function someFreeRange(host: MemoryHost): PfnRange {
  let best = 0;
  let most = -1;
  for (let start = 0; start + PAGEBLOCK_PAGES <= host.layout.nrPfns; start += PAGEBLOCK_PAGES) {
    if (host.zoneOf(start) < 0) continue;
    let nr = 0;
    for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) if (isFree(host, pfn)) nr++;
    if (nr > most) [best, most] = [start, nr];
  }
  return { start: best, end: best + PAGEBLOCK_PAGES };
}

function someFreeBlock({ layout, free }: MemoryHost): [zone: number, head: Pfn, order: number] {
  for (const zone of layout.zones.keys()) {
    const enough = free.watermark(zone, 'min', layout.zones[zone]!.kind) + 2;
    for (let order = 0; order <= MAX_PAGE_ORDER && free.nrPages(zone) > enough + 2 ** order; order++) {
      const [head] = free.blocks(zone, order);
      if (head !== undefined) return [zone, head, order];
    }
  }
  throw new Error('the fixture has no free block');
}

function flagsOf({ columns }: MemoryHost, { start, end }: PfnRange): string {
  return columns.flags.subarray(start, end).join(' ');
}

function hashOfPage({ columns }: MemoryHost, pfn: Pfn): string {
  return [columns.flags[pfn], columns.count[pfn], columns.mapcount[pfn], columns.index[pfn]].join(' ');
}

function checkValid({ host }: HostWorld): void {
  const [first] = host.validate();
  expectThat(first === undefined, `an invariant is broken: ${first}`);
}
