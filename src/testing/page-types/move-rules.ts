import { PG_DIRTY, PG_SWAPCACHE } from '../../mm/page-flags.js';
import { isPresent, isSwap, ptePayload } from '../../mm/pte.js';
import type { Pfn } from '../../mm/units.js';
import { ACCESS_OK, readPage } from '../../sim/access.js';
import { readContents, readStored } from '../../sim/contents.js';
import { compareLedger, takeLedger } from '../../sim/ledger.js';
import type { Machine } from '../../sim/machine.js';
import { diskPlaceOf } from '../../sim/page-cache.js';
import { swapSlotOf } from '../../sim/swap.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { check, checkSame } from '../conformance.js';
import {
  differences,
  EVERYTHING,
  eachEntry,
  isFree,
  type PageAspect,
  type PageRecord,
  recordOf,
} from './page-record.js';
import {
  called,
  checkWhole,
  move,
  moveEach,
  nrTogether,
  type Open,
  on,
  type PageTypeCase,
  type World,
} from './world.js';

/** What at least one page of the fixture must be, so that the case can show anything. */
interface Trait {
  /** "no page of the fixture …". */
  readonly words: string;
  readonly isOf: (record: PageRecord) => boolean;
}

const ANY: Trait = { words: 'is there', isOf: () => true };
const MAPPED: Trait = { words: 'is mapped', isOf: ({ mappings }) => mappings.length > 0 };
const SHARED: Trait = { words: 'is mapped more than once', isOf: ({ mappings }) => mappings.length > 1 };
const IN_A_SLOT: Trait = { words: 'is in a slot of a cache or a pool', isOf: ({ slots }) => slots.length > 0 };
const WITH_BUFFERS: Trait = { words: 'has buffers', isOf: ({ hasBuffers }) => hasBuffers };
const IN_SWAP_CACHE: Trait = { words: 'is in the swap cache', isOf: ({ flags }) => (flags & PG_SWAPCACHE) !== 0 };

/** Everything that is a page's or leads to it, before and after it moves through the migration service. */
export function moveRules(open: Open): PageTypeCase[] {
  return [
    on(open, 'migrate-moves-all', 'migrate leaves the old page free and every invariant whole', (world) => {
      const ledger = takeLedger(world.machine);
      moveEach(world, (page) => {
        check(isFree(world.machine, page.pfn), `${called(page)} went, and its old place is not free`);
        checkWhole(world);
      });
      const { firstWrong } = compareLedger(world.machine, ledger);
      check(firstWrong === null, `somebody reads something else now: ${firstWrong}`);
    }),
    carries(open, 'migrate moves every mapping', ['mappings', 'mapcount'], MAPPED),
    carries(
      open,
      'migrate moves all mappings of a page that several processes share',
      ['mappings', 'mapcount'],
      SHARED,
    ),
    carries(open, 'migrate re-points the slot, and leaves its tags', ['slots', 'index'], IN_A_SLOT),
    carries(open, 'migrate carries every flag', ['flags'], ANY),
    carries(open, 'migrate carries every reference', ['count'], ANY),
    carries(open, 'migrate copies the bytes', ['words'], ANY),
    carries(open, 'migrate moves buffers', ['hasBuffers', 'count'], WITH_BUFFERS),
    carries(open, 'migrate keeps the swap slot', ['swapSlot', 'slots'], IN_SWAP_CACHE),
    on(open, 'found-at-its-new-place', 'every CPU finds the new page, also one that knew the old', everyCpuFindsIt),
    on(open, 'found-at-its-new-place', 'a swap entry leads to the new page', swapEntriesLeadThere),
    on(open, 'found-at-its-new-place', 'a dirty page can be written back from its new place', isWrittenFromThere),
    on(open, 'found-at-its-new-place', 'a page goes there and back', goesThereAndBack),
  ];
}

/** Some aspects survive the move, and at least one page of the fixture has them. */
function carries(open: Open, name: string, aspects: readonly PageAspect[], { words, isOf }: Trait): PageTypeCase {
  return on(open, 'migrate-moves-all', name, (world) => {
    let nr = 0;
    moveEach(world, (page, before, after) => {
      if (!isOf(before)) return;
      nr++;
      const lost = differences(before, after, aspects);
      check(lost.length === 0, `${called(page)} went, but ${lost.join('; ')}`);
    });
    check(nr > 0, `no page of the fixture ${words}; add one, or say why with "skip"`);
  });
}

/** Where processes see a page: process and virtual page of every entry that maps it. */
function viewsOf(m: Machine, pfn: Pfn): { mm: number; vpn: number }[] {
  const views: { mm: number; vpn: number }[] = [];
  eachEntry(m, (mm, vpn, pte) => {
    if (isPresent(pte) && ptePayload(pte) === pfn) views.push({ mm, vpn });
  });
  return views;
}

function everyCpuFindsIt(world: World): void {
  const { machine } = world;
  const [was, is] = [new Uint32Array(2), new Uint32Array(2)];
  let nr = 0;
  for (const page of world.pages) {
    const views = viewsOf(machine, page.pfn);
    const read = (out: Uint32Array, when: string): void => {
      for (let cpu = 0; cpu < machine.spec.nrCpus; cpu++)
        for (const { mm, vpn } of views)
          checkSame(
            readPage(machine, cpu, mm, vpn, out),
            ACCESS_OK,
            `a read of ${called(page)} by CPU ${cpu}, ${when},`,
          );
    };
    read(was, 'before it went');
    if (views.length === 0) continue;
    nr++;
    move(world, page);
    read(is, 'after it went');
    checkSame(String(is), String(was), `what is read of ${called(page)}`);
  }
  check(nr > 0, 'no page of the fixture is mapped; add one, or say why with "skip"');
}

/** Processes that had the page swapped out find it in the swap cache, where it stands now. */
function swapEntriesLeadThere(world: World): void {
  const { machine } = world;
  const [expected, found] = [new Uint32Array(2), new Uint32Array(2)];
  let nr = 0;
  for (const page of world.pages) {
    if ((machine.flags[page.pfn]! & PG_SWAPCACHE) === 0) continue;
    const slot = swapSlotOf(machine, page.pfn);
    const entries: { mm: number; vpn: number }[] = [];
    eachEntry(machine, (mm, vpn, pte) => {
      if (isSwap(pte) && ptePayload(pte) === slot) entries.push({ mm, vpn });
    });
    readContents(machine, page.pfn, expected);
    const target = move(world, page);
    for (const { mm, vpn } of entries) {
      nr++;
      checkSame(readPage(machine, 0, mm, vpn, found), ACCESS_OK, `swapping in ${called(page)}`);
      checkSame(String(found), String(expected), `what is swapped in for ${called(page)}`);
      check(
        viewsOf(machine, target).some((view) => view.mm === mm && view.vpn === vpn),
        `${called(page)} was read from the device`,
      );
    }
  }
  check(nr > 0, 'no page of the fixture is named by a swap entry; add one, or say why with "skip"');
}

/** The tag is what writeback looks for, and the slot is where it writes to: both must lead to the page's new place. */
function isWrittenFromThere(world: World): void {
  const { machine } = world;
  const [expected, found] = [new Uint32Array(2), new Uint32Array(2)];
  let nr = 0;
  moveEach(world, (page, before, { pfn }) => {
    // An anonymous page outside the swap cache may be dirty, and has nowhere to be written to.
    if ((before.flags & PG_DIRTY) === 0 || before.slots.length === 0) return;
    nr++;
    readContents(machine, pfn, expected);
    check(startWriteback(machine, pfn), `${called(page)} is dirty, and from its new place nobody writes it`);
    advance(machine, 0, WRITE_LATENCY_NS);
    const place =
      (before.flags & PG_SWAPCACHE) !== 0 ? swapSlotOf(machine, pfn) : diskPlaceOf(machine, machine.index[pfn]!);
    check(readStored(machine, place, found), `${called(page)} is torn on its device`);
    checkSame(String(found), String(expected), `what the device holds of ${called(page)}`);
    checkWhole(world);
  });
  check(nr > 0, 'no page of the fixture is dirty; add one, or say why with "skip"');
}

/** Two moves, the second to the only place that is left free: the first one's source. */
function goesThereAndBack(world: World): void {
  const { host, machine, pages } = world;
  for (const page of pages) {
    const before = recordOf(machine, page.pfn);
    const nrPages = nrTogether(machine, page.pfn);
    const there = move(world, page);
    host.drain();
    const around = [
      { start: 0, end: page.pfn },
      { start: page.pfn + nrPages, end: host.layout.nrPfns },
    ].filter(({ start, end }) => start < end);
    for (const range of around) host.isolateRange(range);
    const back = move(world, { pfn: there, state: `${page.state}, and on its way back` });
    for (const range of around) host.undoIsolateRange(range);
    checkSame(back, page.pfn, `where ${called(page)} came back to`);
    const lost = differences(before, recordOf(machine, back), EVERYTHING);
    check(lost.length === 0, `${called(page)} came back, but ${lost.join('; ')}`);
    checkWhole(world);
  }
}
