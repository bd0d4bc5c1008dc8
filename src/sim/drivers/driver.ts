import type { Pfn } from '../../mm/units.js';
import type { Machine } from '../machine.js';
import { createMapping, handOverIndex, MAPPING_DRIVER, mappingOfPage } from '../mappings.js';
import { putPage } from '../page-allocator.js';
import { diskPlaceOf, removeFromCache, replaceInSlot, setDiskPlace } from '../page-cache.js';

/** Drivers that own pages, a mapping each. One without rules of its own keeps a table of pages, and nothing else. */
export const DRIVER_TABLE = 0;
/** virtio-mem: memory that it has unplugged; it lets go when a block goes offline (drivers/virtio/virtio_mem.c). */
export const DRIVER_VIRTIO_MEM = 1;
/** A balloon that neither moves its pages nor listens (Xen's, Hyper-V's). */
export const DRIVER_DEAF_BALLOON = 2;
/** A balloon that can move its pages (drivers/virtio/virtio_balloon.c). */
export const DRIVER_BALLOON = 3;
/** A pool of compressed pages (mm/zsmalloc.c). */
export const DRIVER_ZSMALLOC = 4;
export type DriverKind = 0 | 1 | 2 | 3 | 4;

/** What keeps a driver from moving a page of its own. */
export const DRIVER_PARTS_WITH_NONE = 1 << 4;
/** Somebody has its lock (balloon_lock, the lock of a size class). */
export const DRIVER_LOCKED = 1 << 5;
/** Its device refuses (a balloon's host that does not take another page). */
export const DRIVER_DEVICE_REFUSES = 1 << 6;
export type DriverTrouble = typeof DRIVER_PARTS_WITH_NONE | typeof DRIVER_LOCKED | typeof DRIVER_DEVICE_REFUSES;

const KIND = 0x0f;
const DETAIL_SHIFT = 8;

/**
 * A driver with a table of so many pages. Its record stands in `mapNext`: a mapping that is in use is on no list of free
 * ones, as the kernel keeps in page->private what only the owner reads. Besides its slot, each place has a word of the
 * driver's own, where files have their place on disk.
 */
export function createDriver(m: Machine, kind: DriverKind, nrPlaces: number, detail = 0): number {
  const driver = createMapping(m, MAPPING_DRIVER, nrPlaces);
  m.mapNext[driver] = kind | (detail << DETAIL_SHIFT);
  return driver;
}

export function kindOfDriver(m: Machine, driver: number): DriverKind {
  return (m.mapNext[driver]! & KIND) as DriverKind;
}

/** Places of a driver's table. */
export function placesOf(m: Machine, driver: number): number {
  return m.mapPages[driver]!;
}

/** From now on the driver has this trouble, or has it no more. */
export function setTrouble(m: Machine, driver: number, trouble: DriverTrouble, has: boolean): void {
  m.mapNext[driver] = has ? m.mapNext[driver]! | trouble : m.mapNext[driver]! & ~trouble;
}

export function hasTrouble(m: Machine, driver: number, trouble: DriverTrouble): boolean {
  return (m.mapNext[driver]! & trouble) !== 0;
}

/** The driver that a page belongs to; 0 if it belongs to none. */
export function driverOf(m: Machine, pfn: Pfn): number {
  const mapping = mappingOfPage(m, pfn);
  return m.mapKind[mapping] === MAPPING_DRIVER ? mapping : 0;
}

/** The driver's table has `target` where it had `source`. References are the caller's. */
export function repoint(m: Machine, source: Pfn, target: Pfn): void {
  replaceInSlot(m, source, target);
  handOverIndex(m, source, target);
}

/** The driver lets go of a page: out of its table, with its word, and its reference dropped. */
export function releaseDriverPage(m: Machine, cpu: number, pfn: Pfn): void {
  if (diskPlaceOf(m, m.index[pfn]!) !== 0) setDiskPlace(m, m.index[pfn]!, 0);
  for (let references = removeFromCache(m, pfn); references > 0; references--) putPage(m, cpu, pfn);
}
