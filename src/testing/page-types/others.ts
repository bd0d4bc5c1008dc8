import { PG_LOCKED, PG_LRU } from '../../mm/page-flags.js';
import { isPresent, ptePayload } from '../../mm/pte.js';
import type { Pfn } from '../../mm/units.js';
import { ACCESS_OK, readPage, writePage } from '../../sim/access.js';
import { exitProcess, forkProcess } from '../../sim/address-space.js';
import { giveUpPage } from '../../sim/drivers/books.js';
import { truncateFile } from '../../sim/files.js';
import { findHold, HOLD_LOCK, lockPage, pin } from '../../sim/holds.js';
import type { Machine } from '../../sim/machine.js';
import { MAPPING_ANON, MAPPING_DRIVER, mappingAt } from '../../sim/mappings.js';
import { findInCache } from '../../sim/page-cache.js';
import { pteOf } from '../../sim/page-tables.js';
import { pageout } from '../../sim/pageout.js';
import { swapCachePage, swapSlotOf } from '../../sim/swap.js';
import { advance, unpin } from '../../sim/writeback.js';
import { checkSame } from '../conformance.js';
import { eachEntry } from './page-record.js';
import { called, type FixturePage, type World } from './world.js';

/** CPU of the others; the migrator has 0. */
const CPU = 1;
const FOR_EVER = Number.POSITIVE_INFINITY;
const WRITTEN = [0x5eed, 0xf00d] as const;
const out = new Uint32Array(2);

/** A page, by everything that leads to it, wherever it stands. */
export interface Place {
  readonly world: World;
  readonly page: FixturePage;
  /** Processes that see it, and where. */
  readonly views: readonly { readonly mm: number; readonly vpn: number }[];
  /** Place on the index line of the cache or pool that has it; -1 for an anonymous page. */
  readonly index: number;
  readonly swapSlot: number;
  /** What it holds. */
  readonly words: readonly number[];
}

export function placeOf(world: World, page: FixturePage): Place {
  const m = world.machine;
  const views: { mm: number; vpn: number }[] = [];
  eachEntry(m, (mm, vpn, pte) => {
    if (isPresent(pte) && ptePayload(pte) === page.pfn) views.push({ mm, vpn });
  });
  const index = m.index[page.pfn]!;
  const kind = m.mapKind[mappingAt(m, index)];
  const at = page.pfn * m.contentWords;
  return {
    world,
    page,
    views,
    index: kind === MAPPING_ANON ? -1 : index,
    swapSlot: swapSlotOf(m, page.pfn),
    words: [m.contents[at]!, m.contents[at + 1]!],
  };
}

/** Where the page stands, for whoever comes by a page table or a cache; -1 if nobody finds it now. */
export function whereIs({ world: { machine: m }, views, index, swapSlot }: Place): Pfn {
  for (const { mm, vpn } of views) {
    const pte = m.mmAlive[mm] === 0 ? 0 : pteOf(m, mm, vpn);
    if (isPresent(pte)) return ptePayload(pte);
  }
  if (swapSlot > 0) return swapCachePage(m, swapSlot);
  const pfn = index < 0 ? -1 : findInCache(m, index);
  return pfn < m.spec.nrPfns ? pfn : -1;
}

/** Something that another CPU may do at any time. */
export interface Deed {
  /** As the end of "before VERB ...". */
  readonly words: string;
  /** True if pages are not what they were afterwards, so that the machine has to be put back. */
  readonly changes: boolean;
  /** Does it, and says how it ends; null if it cannot be done now. */
  act(place: Place): (() => void) | null;
}

export const DEEDS: readonly Deed[] = [
  { words: 'somebody pins it', changes: false, act: takePin },
  { words: 'somebody locks it', changes: false, act: takeLock },
  { words: 'another migrator isolates it', changes: false, act: isolate },
  { words: 'its processes read it', changes: false, act: read },
  { words: 'a process writes to it', changes: true, act: write },
  { words: 'its process forks', changes: true, act: fork },
  { words: 'its process ends', changes: true, act: exit },
  { words: 'its owner gives it up', changes: true, act: giveUp },
  { words: 'reclaim takes it', changes: true, act: reclaim },
];

const nothing = () => {};

/** A page that can be found and is not frozen (get_page_unless_zero); -1 if it is not so. */
function found(place: Place): Pfn {
  const pfn = whereIs(place);
  return pfn >= 0 && place.world.machine.count[pfn]! > 0 ? pfn : -1;
}

function takePin(place: Place): (() => void) | null {
  const pfn = found(place);
  const m = place.world.machine;
  if (pfn < 0) return null;
  pin(m, pfn, FOR_EVER);
  return () => void unpin(m, CPU, pfn);
}

function takeLock(place: Place): (() => void) | null {
  const pfn = found(place);
  const m = place.world.machine;
  if (pfn < 0 || !lockPage(m, pfn, FOR_EVER)) return null;
  return () => {
    m.holdUntil[findHold(m, pfn, HOLD_LOCK)] = m.clock[0]!;
    advance(m, CPU, 0);
  };
}

function isolate(place: Place): (() => void) | null {
  const pfn = found(place);
  const { handler } = place.world;
  if (pfn < 0 || handler.isolate(pfn) !== 0) return null;
  return () => handler.putback(pfn);
}

/** Blocked readers wait for the end of the move; whoever gets an answer gets the right one, then and afterwards. */
function read(place: Place): (() => void) | null {
  const { world, page, views, words } = place;
  if (views.length === 0) return null;
  const look = (when: string): void => {
    for (const { mm, vpn } of views)
      if (readPage(world.machine, CPU, mm, vpn, out) === ACCESS_OK)
        checkSame(String([...out]), String(words), `what process ${mm} reads of ${called(page)} ${when}`);
  };
  look('meanwhile');
  return () => look('afterwards');
}

function write({ world: { machine }, page, views: [view] }: Place): (() => void) | null {
  if (view === undefined || writePage(machine, CPU, view.mm, view.vpn, ...WRITTEN) !== ACCESS_OK) return null;
  return () => {
    checkSame(readPage(machine, CPU, view.mm, view.vpn, out), ACCESS_OK, `a read of ${called(page)} afterwards`);
    checkSame(String([...out]), String(WRITTEN), `what was written to ${called(page)}`);
  };
}

function fork({ world: { machine }, page, views: [view], words }: Place): (() => void) | null {
  const child = view === undefined ? 0 : forkProcess(machine, CPU, view.mm);
  if (view === undefined || child === 0) return null;
  return () => {
    checkSame(readPage(machine, CPU, child, view.vpn, out), ACCESS_OK, `a child's read of ${called(page)}`);
    checkSame(String([...out]), String(words), `what a child reads of ${called(page)}`);
  };
}

function exit({ world: { machine }, views: [view] }: Place): (() => void) | null {
  if (view === undefined) return null;
  exitProcess(machine, CPU, view.mm);
  return nothing;
}

/** Truncation, or a driver that frees its page; both sleep while it is locked. */
function giveUp({ world: { machine: m }, index }: Place): (() => void) | null {
  const pfn = index < 0 ? -1 : findInCache(m, index);
  if (pfn < 0 || pfn >= m.spec.nrPfns || (m.flags[pfn]! & PG_LOCKED) !== 0) return null;
  const mapping = mappingAt(m, index);
  if (m.mapKind[mapping] !== MAPPING_DRIVER)
    return truncateFile(m, CPU, mapping, index - m.mapBase[mapping]!) ? nothing : null;
  return giveUpPage(m, CPU, pfn) ? nothing : null;
}

function reclaim(place: Place): (() => void) | null {
  const pfn = found(place);
  const m: Machine = place.world.machine;
  if (pfn < 0 || (m.flags[pfn]! & PG_LRU) === 0) return null;
  pageout(m, CPU, pfn);
  return nothing;
}
