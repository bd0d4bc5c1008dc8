import {
  FREE_FLAGS,
  PG_ANON,
  PG_DIRTY,
  PG_HUGE,
  PG_HWPOISON,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_NOPAGE,
  PG_OFFLINE,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';

/** What a page is, as people ask for it. Who may move it is the handlers' business and is not decided here. */
export interface PageKind {
  /** Stable name for scripts. */
  readonly id: string;
  readonly label: string;
  /** Four glyphs, from a quarter full to full; a family of shapes to each kind, so that no colour is needed. */
  readonly glyphs: string;
  /** Of the 256 colours of a terminal; from Okabe and Ito's palette, which colour-blind people can tell apart. */
  readonly colour: number;
}

export const KIND_HOLE = 0;
export const KIND_FREE = 1;

const SKY_BLUE = 74;
const BLUE = 33;
const GREEN = 36;
const YELLOW = 221;
const PURPLE = 175;
const VERMILION = 166;
const ORANGE = 214;
const GREY = 245;

/** Indexed by what `kindOf` returns. */
export const PAGE_KINDS: readonly PageKind[] = [
  { id: 'hole', label: 'no memory', glyphs: '    ', colour: GREY },
  { id: 'free', label: 'free', glyphs: '····', colour: GREY },
  { id: 'anonymous', label: 'anonymous', glyphs: '░▒▓█', colour: SKY_BLUE },
  { id: 'swap-cache', label: 'swap cache', glyphs: '◦○◎●', colour: BLUE },
  { id: 'file', label: 'file cache', glyphs: '-=≡≣', colour: GREEN },
  { id: 'shared-memory', label: 'shared memory', glyphs: '┆┼╪╬', colour: YELLOW },
  { id: 'driver', label: 'movable by its driver', glyphs: '⋄◇◈◆', colour: PURPLE },
  { id: 'nonlinear', label: 'nonlinear file', glyphs: 'nnNN', colour: ORANGE },
  { id: 'hugetlb', label: 'hugetlb', glyphs: 'hhHH', colour: ORANGE },
  { id: 'slab', label: 'slab', glyphs: 'ssSS', colour: VERMILION },
  { id: 'page-table', label: 'page tables', glyphs: 'ttTT', colour: VERMILION },
  { id: 'kernel', label: 'other kernel', glyphs: 'kkKK', colour: VERMILION },
  { id: 'reserved', label: 'reserved', glyphs: 'rrRR', colour: GREY },
  { id: 'balloon', label: 'balloon', glyphs: 'bbBB', colour: ORANGE },
  { id: 'poisoned', label: 'poisoned', glyphs: 'pppp', colour: ORANGE },
];

/** In the order in which they decide: the first whose bits a page has is its kind. */
const BY_FLAG: readonly (readonly [bits: number, kind: number])[] = [
  [PG_NOPAGE, KIND_HOLE],
  [FREE_FLAGS, KIND_FREE],
  [PG_HWPOISON, indexOf('poisoned')],
  [PG_OFFLINE, indexOf('balloon')],
  [PG_RESERVED, indexOf('reserved')],
  [PG_PGTABLE, indexOf('page-table')],
  [PG_SLAB, indexOf('slab')],
  [PG_HUGE, indexOf('hugetlb')],
  [PG_MOVABLE_OPS, indexOf('driver')],
  [PG_SWAPCACHE, indexOf('swap-cache')],
  [PG_ANON, indexOf('anonymous')],
  [PG_NONLINEAR, indexOf('nonlinear')],
  [PG_SWAPBACKED, indexOf('shared-memory')],
  // A page of a file that is off the LRU for a moment, on a CPU's batch or in a migrator's hands.
  [PG_LRU | PG_UPTODATE | PG_DIRTY | PG_WRITEBACK, indexOf('file')],
];
const KIND_KERNEL = indexOf('kernel');

function indexOf(id: string): number {
  return PAGE_KINDS.findIndex((kind) => kind.id === id);
}

/** Index into PAGE_KINDS. */
export function kindOf(flags: number): number {
  for (let i = 0; i < BY_FLAG.length; i++) if ((flags & BY_FLAG[i]![0]) !== 0) return BY_FLAG[i]![1];
  return KIND_KERNEL;
}

/** Adds the pages of [start, end) to `counts`, by kind. */
export function countKinds(flags: Uint32Array, start: number, end: number, counts = newCounts()): Uint32Array {
  for (let pfn = start; pfn < end; pfn++) {
    const kind = kindOf(flags[pfn]!);
    counts[kind] = counts[kind]! + 1;
  }
  return counts;
}

export function newCounts(): Uint32Array {
  return new Uint32Array(PAGE_KINDS.length);
}

/** Pages in use: neither free nor without memory. */
export function usedIn(counts: Uint32Array): number {
  let used = 0;
  for (let kind = KIND_FREE + 1; kind < counts.length; kind++) used += counts[kind]!;
  return used;
}

/** Kinds that occur, by id, for JSON. */
export function countsById(counts: Uint32Array): Record<string, number> {
  const byId: Record<string, number> = {};
  PAGE_KINDS.forEach(({ id }, kind) => {
    if (kind !== KIND_HOLE && counts[kind] !== 0) byId[id] = counts[kind]!;
  });
  return byId;
}
