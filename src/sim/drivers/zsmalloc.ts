import { assert } from '../../base/assert.js';
import { PG_MOVABLE_OPS } from '../../mm/page-flags.js';
import { NO_PAGE, PAGE_SIZE, type Pfn } from '../../mm/units.js';
import { addDriverPage } from '../files.js';
import type { Machine } from '../machine.js';
import { diskPlaceOf, findInCache, setDiskPlace } from '../page-cache.js';
import { createDriver, DRIVER_ZSMALLOC, placesOf, repoint } from './driver.js';

/**
 * A pool of zsmalloc with one size class: zspages of several base pages, in which objects lie end to end, across their
 * borders. Who has an object knows a handle only, a word that says in which page it begins and as which object there
 * (mm/zsmalloc.c, location_to_obj); when a page moves, every handle of an object that begins in it must say so.
 */
export interface SizeClass {
  /** Bytes of an object; a word says which of eight in a page it is. */
  readonly size: number;
  /** Base pages of a zspage. */
  readonly pages: number;
}

export const SIZE_CLASSES: readonly SizeClass[] = [
  { size: 2048, pages: 1 },
  { size: 3072, pages: 3 },
  { size: 1632, pages: 2 },
];

/** A handle's word: [pfn + 1:28 | object:3 | pinned:1]; 0 for none. */
const PINNED = 1;
const OBJECT_SHIFT = 1;
const OBJECT = 7;
const PFN_SHIFT = 4;

const objectsOf = ({ size, pages }: SizeClass) => Math.floor((pages * PAGE_SIZE) / size);

/** Room for so many pages, a whole number of zspages; behind their places in the table come the handles. */
export function createZspool(m: Machine, nrPages: number, sizeClass = 0): number {
  return createDriver(m, DRIVER_ZSMALLOC, placesOfZspool(nrPages, sizeClass), sizeClass);
}

export function classOfZspool(m: Machine, pool: number): SizeClass {
  return SIZE_CLASSES[(m.mapNext[pool]! >>> 8) & 3]!;
}

/** Places in the table of a pool for so many pages, its handles' included. */
export function placesOfZspool(nrPages: number, sizeClass = 0): number {
  const kind = SIZE_CLASSES[sizeClass]!;
  return Math.ceil(nrPages / kind.pages) * (kind.pages + objectsOf(kind));
}

/** Pages that a pool has room for. */
export function pagesOfZspool(m: Machine, pool: number): number {
  const kind = classOfZspool(m, pool);
  return (placesOf(m, pool) / (kind.pages + objectsOf(kind))) * kind.pages;
}

/** A page of the pool's table; objects can begin in it once all pages of its zspage are there. */
export function addToZspool(m: Machine, pfn: Pfn, pool: number, page: number): void {
  addDriverPage(m, pfn, pool, page, PG_MOVABLE_OPS);
}

/** Where the word of a handle is, as a place on the index line. */
function wordAt(m: Machine, pool: number, handle: number): number {
  return m.mapBase[pool]! + pagesOfZspool(m, pool) + handle;
}

/** The page of the table in which an object begins, and its number there. */
function beginOf(kind: SizeClass, handle: number): { page: number; object: number; offset: number } {
  const perZspage = objectsOf(kind);
  const nr = handle % perZspage;
  const within = Math.floor((nr * kind.size) / PAGE_SIZE);
  const before = Math.ceil((within * PAGE_SIZE) / kind.size);
  const page = Math.floor(handle / perZspage) * kind.pages + within;
  return { page, object: nr - before, offset: nr * kind.size - within * PAGE_SIZE };
}

/**
 * Gives an object out (zs_malloc): its handle, `from` or above, or -1 if no zspage that is complete has one left there.
 */
export function zsMalloc(m: Machine, pool: number, from = 0): number {
  const kind = classOfZspool(m, pool);
  const perZspage = objectsOf(kind);
  const nrHandles = (pagesOfZspool(m, pool) / kind.pages) * perZspage;
  for (let handle = from; handle < nrHandles; handle++) {
    const word = wordAt(m, pool, handle);
    if (diskPlaceOf(m, word) !== 0) continue;
    if (!isComplete(m, pool, Math.floor(handle / perZspage) * kind.pages, kind.pages)) return -1;
    const { page, object } = beginOf(kind, handle);
    setDiskPlace(m, word, encode(findInCache(m, m.mapBase[pool]! + page), object));
    return handle;
  }
  return -1;
}

function isComplete(m: Machine, pool: number, first: number, nrPages: number): boolean {
  for (let page = first; page < first + nrPages; page++)
    if (findInCache(m, m.mapBase[pool]! + page) === NO_PAGE) return false;
  return true;
}

const encode = (pfn: Pfn, object: number) => ((((pfn + 1) << PFN_SHIFT) >>> 0) | (object << OBJECT_SHIFT)) >>> 0;

/** Takes an object back (zs_free). */
export function zsFree(m: Machine, pool: number, handle: number): void {
  setDiskPlace(m, wordAt(m, pool, handle), 0);
}

/** Nobody moves the object's pages until it is unmapped (zs_map_object). The page in which it begins, as its handle says. */
export function zsMap(m: Machine, pool: number, handle: number): Pfn {
  const at = wordAt(m, pool, handle);
  const word = diskPlaceOf(m, at);
  assert(word !== 0, 'an object that was given out is mapped');
  setDiskPlace(m, at, (word | PINNED) >>> 0);
  return (word >>> PFN_SHIFT) - 1;
}

export function zsUnmap(m: Machine, pool: number, handle: number): void {
  const at = wordAt(m, pool, handle);
  setDiskPlace(m, at, (diskPlaceOf(m, at) & ~PINNED) >>> 0);
}

/** First word of an object's contents, counted from the start of its page; machines of tokens have one or two a page. */
export function wordOfObject(m: Machine, pool: number, handle: number): number {
  const { offset } = beginOf(classOfZspool(m, pool), handle);
  return Math.floor((offset * m.contentWords) / PAGE_SIZE);
}

/** Handles of the zspage that a page of the table belongs to: [first, end). */
function handlesBeside(kind: SizeClass, page: number): readonly [number, number] {
  const first = Math.floor(page / kind.pages) * objectsOf(kind);
  return [first, first + objectsOf(kind)];
}

/** True while the zspage that has the page has objects: it is freed when it has none (free_zspage). */
export function hasObjects(m: Machine, pool: number, pfn: Pfn): boolean {
  const [first, end] = handlesBeside(classOfZspool(m, pool), m.index[pfn]! - m.mapBase[pool]!);
  for (let handle = first; handle < end; handle++) if (diskPlaceOf(m, wordAt(m, pool, handle)) !== 0) return true;
  return false;
}

/** True while somebody has an object mapped that lies in the page, or partly (trypin_tag of all its handles fails). */
export function isMapped(m: Machine, pool: number, pfn: Pfn): boolean {
  const kind = classOfZspool(m, pool);
  const here = m.index[pfn]! - m.mapBase[pool]!;
  const [first, end] = handlesBeside(kind, here);
  for (let handle = first; handle < end; handle++) {
    if ((diskPlaceOf(m, wordAt(m, pool, handle)) & PINNED) === 0) continue;
    const { page, offset } = beginOf(kind, handle);
    const last = page + Math.floor((offset + kind.size - 1) / PAGE_SIZE);
    if (page <= here && here <= last) return true;
  }
  return false;
}

/** zs_page_migrate: the zspage has the new page in place of the old, and handles of objects that begin there say so. */
export function moveInZspool(m: Machine, pool: number, target: Pfn, source: Pfn): void {
  const kind = classOfZspool(m, pool);
  const here = m.index[source]! - m.mapBase[pool]!;
  repoint(m, source, target);
  const [first, end] = handlesBeside(kind, here);
  for (let handle = first; handle < end; handle++) {
    const { page, object } = beginOf(kind, handle);
    const at = wordAt(m, pool, handle);
    if (page === here && diskPlaceOf(m, at) !== 0) setDiskPlace(m, at, encode(target, object));
  }
}

/** A sentence about the first handle that leads to another page than its object begins in; null if all are right. */
export function wrongHandle(m: Machine, pool: number): string | null {
  const kind = classOfZspool(m, pool);
  const nrHandles = (pagesOfZspool(m, pool) / kind.pages) * objectsOf(kind);
  for (let handle = 0; handle < nrHandles; handle++) {
    const word = diskPlaceOf(m, wordAt(m, pool, handle));
    if (word === 0) continue;
    const { page, object } = beginOf(kind, handle);
    const pfn = findInCache(m, m.mapBase[pool]! + page);
    const isRight = pfn !== NO_PAGE && (word >>> PFN_SHIFT) - 1 === pfn;
    if (!isRight || ((word >>> OBJECT_SHIFT) & OBJECT) !== object)
      return `handle ${handle} of pool ${pool} leads to page ${(word >>> PFN_SHIFT) - 1}, and its object begins in ${pfn}`;
  }
  return null;
}
