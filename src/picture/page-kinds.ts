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
import { BLUE, GREEN, GREY, ORANGE, PURPLE, SKY_BLUE, type Swatch, VERMILION, YELLOW } from './swatch.js';

/** What a page is, as people ask for it. Who may move it is the handlers' business and is not decided here. */
export type PageKind = Swatch;

export const KIND_HOLE = 0;
export const KIND_FREE = 1;

/** Indexed by what `kindOf` returns. */
export const PAGE_KINDS: readonly PageKind[] = [
  { id: 'hole', label: 'no memory', glyphs: '    ', colour: GREY, light: '#f1f3f4', dark: '#1c1f22' },
  { id: 'free', label: 'free', glyphs: '····', colour: GREY, light: '#d5dade', dark: '#363c42' },
  { id: 'anonymous', label: 'anonymous', glyphs: '░▒▓█', colour: SKY_BLUE, light: '#56b4e9', dark: '#56b4e9' },
  { id: 'swap-cache', label: 'swap cache', glyphs: '◦○◎●', colour: BLUE, light: '#0072b2', dark: '#2f86c8' },
  { id: 'file', label: 'file cache', glyphs: '-=≡≣', colour: GREEN, light: '#009e73', dark: '#13a97e' },
  { id: 'shared-memory', label: 'shared memory', glyphs: '┆┼╪╬', colour: YELLOW, light: '#e2d23a', dark: '#f0e442' },
  { id: 'driver', label: 'movable by its driver', glyphs: '⋄◇◈◆', colour: PURPLE, light: '#cc79a7', dark: '#cc79a7' },
  { id: 'nonlinear', label: 'nonlinear file', glyphs: 'nnNN', colour: ORANGE, light: '#f2c063', dark: '#f6cd80' },
  { id: 'hugetlb', label: 'hugetlb', glyphs: 'hhHH', colour: ORANGE, light: '#e69f00', dark: '#e69f00' },
  { id: 'slab', label: 'slab', glyphs: 'ssSS', colour: VERMILION, light: '#d55e00', dark: '#de6d16' },
  { id: 'page-table', label: 'page tables', glyphs: 'ttTT', colour: VERMILION, light: '#a64700', dark: '#b4561a' },
  { id: 'kernel', label: 'other kernel', glyphs: 'kkKK', colour: VERMILION, light: '#7d3400', dark: '#8d4a22' },
  { id: 'reserved', label: 'reserved', glyphs: 'rrRR', colour: GREY, light: '#8a9197', dark: '#747b82' },
  { id: 'balloon', label: 'balloon', glyphs: 'bbBB', colour: ORANGE, light: '#b9862b', dark: '#c0934a' },
  { id: 'poisoned', label: 'poisoned', glyphs: 'pppp', colour: ORANGE, light: '#1d1f21', dark: '#ffffff' },
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
