import type { Pfn } from '../../mm/units.js';
import type { Machine } from '../machine.js';
import { createMapping, MAPPING_DRIVER, mappingOfPage } from '../mappings.js';

/** Drivers that own pages, a mapping each. One without rules of its own keeps a table of pages, and nothing else. */
export const DRIVER_TABLE = 0;
/** virtio-mem: memory that it has unplugged; it lets go when a block goes offline (drivers/virtio/virtio_mem.c). */
export const DRIVER_VIRTIO_MEM = 1;
/** A balloon that neither moves its pages nor listens (Xen's, Hyper-V's). */
export const DRIVER_DEAF_BALLOON = 2;
export type DriverKind = 0 | 1 | 2;

/** What a driver's record says besides its kind. */
const KIND = 0x0f;

/**
 * A driver with a table of so many pages. Its record stands in `mapNext`: a mapping that is in use is on no list of free
 * ones, as the kernel keeps in page->private what only the owner reads.
 */
export function createDriver(m: Machine, kind: DriverKind, nrPages: number): number {
  const driver = createMapping(m, MAPPING_DRIVER, nrPages);
  m.mapNext[driver] = kind;
  return driver;
}

export function kindOfDriver(m: Machine, driver: number): DriverKind {
  return (m.mapNext[driver]! & KIND) as DriverKind;
}

/** The driver that a page belongs to; 0 if it belongs to none. */
export function driverOf(m: Machine, pfn: Pfn): number {
  const mapping = mappingOfPage(m, pfn);
  return m.mapKind[mapping] === MAPPING_DRIVER ? mapping : 0;
}
