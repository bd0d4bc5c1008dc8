import { PG_ANON, PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import { isPresent, PTE_DIRTY, PTE_WRITE, ptePayload } from '../../../src/mm/pte.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS } from '../../../src/mm/units.js';
import { vmasOf } from '../../../src/sim/address-space.js';
import type { Machine } from '../../../src/sim/machine.js';
import { mappingOfPage } from '../../../src/sim/mappings.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { isIsolated } from '../../../src/sim/pageblocks.js';

/**
 * The naive form: everything is an object that refers to others, as one would write it first. It moves pages in the same
 * steps and to the same places, but keeps neither watermarks nor epochs.
 */
interface Page {
  readonly pfn: number;
  readonly isEmptied: boolean;
  isFree: boolean;
  isIsolated: boolean;
  isLocked: boolean;
  isOnLru: boolean;
  isDirty: boolean;
  count: number;
  mapcount: number;
  anonVma: AnonVma | null;
  index: number;
  /** Of the free block that it begins; -1 if it begins none. */
  order: number;
  next: Page | null;
  previous: Page | null;
  contents: { lo: number; hi: number };
}

interface Vma {
  readonly entries: Entry[];
  readonly firstIndex: number;
}

interface AnonVma {
  readonly vmas: Vma[];
}

interface Entry {
  page: Page;
  isMigrating: boolean;
  isWritable: boolean;
  isDirty: boolean;
}

interface FreeList {
  head: Page | null;
}

export class MachineOfObjects {
  readonly #pages: Page[] = [];
  /** By order: of the range that is being emptied, and elsewhere. */
  readonly #isolated: FreeList[] = emptyLists();
  readonly #free: FreeList[] = emptyLists();
  readonly #lru = new Set<Page>();

  /** The same state as a machine of columns has. */
  constructor(m: Machine) {
    for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) this.#pages.push(pageOf(m, pfn));
    for (let list = 0; list < m.freeHead.length; list++) this.#linkAll(m, list, list % NR_PAGE_ORDERS);
    for (const page of this.#pages) if (page.isOnLru) this.#lru.add(page);
    this.#mapAll(m);
  }

  /** Moves pages; returns where to. */
  migrate(pfns: Uint32Array): number[] {
    return Array.from(pfns, (pfn) => this.#migrateOne(this.#pages[pfn]!).pfn);
  }

  #migrateOne(source: Page): Page {
    if (!canGo(source)) throw new Error(`page ${source.pfn} cannot go`);
    source.isIsolated = true;
    source.count++;
    this.#lru.delete(source);
    const target = this.#take();
    source.isLocked = true;
    target.isLocked = true;
    const entries = entriesOf(source).filter(({ page, isMigrating }) => page === source && !isMigrating);
    for (const entry of entries) entry.isMigrating = true;
    source.mapcount -= entries.length;
    source.count -= entries.length;
    if (source.mapcount !== 0 || source.count !== 1) throw new Error(`page ${source.pfn} is pinned`);
    target.anonVma = source.anonVma;
    target.index = source.index;
    target.contents = { ...source.contents };
    target.isDirty = source.isDirty;
    for (const entry of entries) {
      entry.page = target;
      entry.isMigrating = false;
    }
    target.mapcount = entries.length;
    target.count = entries.length;
    source.isLocked = false;
    target.isLocked = false;
    target.isOnLru = true;
    this.#lru.add(target);
    this.#giveBack(source);
    return target;
  }

  #take(): Page {
    for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
      const page = this.#free[order]!.head;
      if (page === null) continue;
      this.#unlink(page);
      for (let half = order - 1; half >= 0; half--) this.#link(this.#pages[page.pfn + 2 ** half]!, half);
      page.isFree = false;
      page.count = 1;
      return page;
    }
    throw new Error('no free page is left');
  }

  #giveBack(page: Page): void {
    Object.assign(page, { isFree: true, isIsolated: false, isOnLru: false, count: 0, mapcount: 0, anonVma: null });
    let start = page.pfn;
    let order = 0;
    for (; order < MAX_PAGE_ORDER; order++) {
      const buddy = this.#pages[start ^ (2 ** order)];
      if (buddy === undefined || buddy.order !== order || buddy.isEmptied !== page.isEmptied) break;
      this.#unlink(buddy);
      start = Math.min(start, buddy.pfn);
    }
    this.#link(this.#pages[start]!, order);
  }

  #link(page: Page, order: number): void {
    const list = (page.isEmptied ? this.#isolated : this.#free)[order]!;
    page.order = order;
    page.next = list.head;
    if (list.head !== null) list.head.previous = page;
    list.head = page;
  }

  #unlink(page: Page): void {
    const list = (page.isEmptied ? this.#isolated : this.#free)[page.order]!;
    if (page.previous === null) list.head = page.next;
    else page.previous.next = page.next;
    if (page.next !== null) page.next.previous = page.previous;
    page.order = -1;
    page.next = null;
    page.previous = null;
  }

  #linkAll(m: Machine, list: number, order: number): void {
    const blocks: number[] = [];
    for (let link = m.freeHead[list]!; link !== 0; link = m.index[link - 1]!) blocks.push(link - 1);
    for (const pfn of blocks.reverse()) this.#link(this.#pages[pfn]!, order);
  }

  #mapAll(m: Machine): void {
    const anonVmas = new Map<number, AnonVma>();
    for (let mm = 1; mm < m.mmAlive.length; mm++) {
      if (m.mmAlive[mm] === 0) continue;
      for (const vma of vmasOf(m, mm)) {
        const entries: Entry[] = [];
        for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++)
          entries.push(this.#entryOf(pteOf(m, mm, vpn)));
        const anonVma = m.vmaAnon[vma]!;
        anonVmas.set(anonVma, { vmas: [{ entries, firstIndex: m.mapBase[anonVma]! + m.vmaOffset[vma]! }] });
      }
    }
    for (const page of this.#pages) if (!page.isFree) page.anonVma = anonVmas.get(mappingOfPage(m, page.pfn)) ?? null;
  }

  #entryOf(pte: number): Entry {
    if (!isPresent(pte)) throw new Error('every virtual page has its page');
    const bits = { isWritable: (pte & PTE_WRITE) !== 0, isDirty: (pte & PTE_DIRTY) !== 0 };
    return { page: this.#pages[ptePayload(pte)]!, isMigrating: false, ...bits };
  }
}

const emptyLists = () => Array.from({ length: NR_PAGE_ORDERS }, (): FreeList => ({ head: null }));

function pageOf(m: Machine, pfn: number): Page {
  const flags = m.flags[pfn]!;
  const words = m.contentWords;
  return {
    pfn,
    isEmptied: isIsolated(m, pfn),
    isFree: (flags & PG_BUDDY) !== 0,
    isIsolated: false,
    isLocked: false,
    isOnLru: (flags & PG_LRU) !== 0,
    isDirty: false,
    count: m.count[pfn]!,
    mapcount: (flags & PG_ANON) !== 0 ? m.mapcount[pfn]! : 0,
    anonVma: null,
    index: m.index[pfn]!,
    order: -1,
    next: null,
    previous: null,
    contents: { lo: m.contents[pfn * words]!, hi: words > 1 ? m.contents[pfn * words + 1]! : 0 },
  };
}

function canGo({ isFree, isIsolated, isLocked, isOnLru, count, mapcount, anonVma }: Page): boolean {
  return !isFree && !isIsolated && !isLocked && isOnLru && count === mapcount && anonVma !== null;
}

function entriesOf({ anonVma, index }: Page): Entry[] {
  return (anonVma?.vmas ?? []).flatMap(({ entries, firstIndex }) => entries[index - firstIndex] ?? []);
}
