import type { Machine } from '../sim/machine.js';

/** How much the threads of a soak have to themselves; fixed before it begins. */
export interface SoakShape {
  readonly nrThreads: number;
  /** 32-bit words of a page: 2 of a token, 1024 of bytes. */
  readonly words: number;
  /** Processes that there can be at a time. */
  readonly nrSlots: number;
  /** Pages of anonymous memory of a process. */
  readonly privatePages: number;
  /** Pages of the file that every process maps privately. */
  readonly libraryPages: number;
  /** Pages that all threads share: of one process, of a mapped file, of shared memory, each. */
  readonly sharedPages: number;
  /** Pages of a file that a thread makes, shortens and deletes. */
  readonly tempPages: number;
}

/**
 * Whose pages the ledger keeps, one after the other: of each process its own memory and its copies of the library; what
 * all threads share; of each thread its file.
 */
export const AREAS = ['private', 'library', 'common', 'file', 'shmem', 'temp'] as const;
export type Area = (typeof AREAS)[number];

/** Where an area begins in every process, in virtual pages: far enough apart for a page table each. */
export const FIRST_VPN: Readonly<Record<Area, number>> = {
  private: 0x1000,
  library: 0x10000,
  common: 0x20000,
  file: 0x30000,
  shmem: 0x40000,
  temp: 0x50000,
};

/** A word of the ledger, as people name it. */
export interface WordPlace {
  readonly area: Area;
  /** The process slot or the thread that has it; 0 for what is shared. */
  readonly holder: number;
  readonly page: number;
  readonly word: number;
}

function pagesOf(shape: SoakShape, area: Area): number {
  if (area === 'private') return shape.privatePages;
  if (area === 'library') return shape.libraryPages;
  return area === 'temp' ? shape.tempPages : shape.sharedPages;
}

function holdersOf(shape: SoakShape, area: Area): number {
  if (area === 'private' || area === 'library') return shape.nrSlots;
  return area === 'temp' ? shape.nrThreads : 1;
}

/** The first page of an area in the ledger, of one that has it. */
export function firstRow(shape: SoakShape, area: Area, holder = 0): number {
  let row = 0;
  for (const before of AREAS) {
    if (before === area) return row + holder * pagesOf(shape, area);
    row += holdersOf(shape, before) * pagesOf(shape, before);
  }
  return row;
}

/** Pages of the whole ledger. */
export function nrRows(shape: SoakShape): number {
  return AREAS.reduce((rows, area) => rows + holdersOf(shape, area) * pagesOf(shape, area), 0);
}

/** What the ledger has at a position. */
export function placeAt(shape: SoakShape, at: number): WordPlace {
  let row = Math.floor(at / shape.words);
  for (const area of AREAS) {
    const rows = holdersOf(shape, area) * pagesOf(shape, area);
    if (row < rows) {
      const pages = pagesOf(shape, area);
      return { area, holder: Math.floor(row / pages), page: row % pages, word: at % shape.words };
    }
    row -= rows;
  }
  return { area: 'temp', holder: shape.nrThreads, page: row, word: at % shape.words };
}

const SLOTS_PER_THREAD = 3;
const PRIVATE_PAGES_MAX = 1024;
/** So much of the memory that is free beside one DIMM goes to the threads: the rest is what they push around in. */
const SHARE = 0.6;

/**
 * A shape that suits a machine: threads get a share of what is free when its largest DIMM is gone.
 *
 * Null if there is not enough for anybody.
 */
export function shapeFor(m: Machine, nrThreads: number): SoakShape | null {
  const largest = Math.max(0, ...m.spec.dimms.map(({ range }) => range.end - range.start));
  const free = m.nrFree.reduce((sum, pages) => sum + pages, 0) - largest;
  const nrSlots = nrThreads * SLOTS_PER_THREAD;
  // Half of it is processes' own memory, the rest is shared by all or belongs to files.
  const pages = Math.floor((free * SHARE) / 2 / nrSlots);
  const privatePages = Math.min(PRIVATE_PAGES_MAX, pages);
  if (privatePages < 16) return null;
  const sharedPages = Math.max(16, Math.min(privatePages, Math.floor((free * SHARE) / 16)));
  return {
    nrThreads,
    words: m.contentWords,
    nrSlots,
    privatePages,
    libraryPages: Math.max(16, privatePages >> 3),
    sharedPages,
    tempPages: Math.max(16, privatePages >> 3),
  };
}
