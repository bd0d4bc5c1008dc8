import { PG_MOVABLE_OPS, PG_OFFLINE } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { addDriverPage } from '../files.js';
import { type Machine, SCALAR } from '../machine.js';
import { slotAt } from '../page-cache.js';
import { refFreeze, refSet } from '../page-ref.js';
import { createDriver, DRIVER_DEAF_BALLOON, DRIVER_VIRTIO_MEM, driverOf, kindOfDriver } from './driver.js';

/**
 * Memory that a driver has taken out of service (PG_offline without movable_operations): the guest has the frames still,
 * nobody may use them, and only the driver can give them up.
 */
export type UnpluggedBy = 'virtio-mem' | 'deaf-balloon';

/** A driver that will take up to so many pages out of service. */
export function createUnplugger(m: Machine, by: UnpluggedBy, nrPages: number): number {
  return createDriver(m, by === 'virtio-mem' ? DRIVER_VIRTIO_MEM : DRIVER_DEAF_BALLOON, nrPages);
}

/** Takes a page out of service (virtio_mem_fake_offline). The allocation's reference becomes the driver's. */
export function unplugPage(m: Machine, pfn: Pfn, driver: number, page: number): void {
  addDriverPage(m, pfn, driver, page, PG_OFFLINE);
  m.scalars[SCALAR.nrUnplugged] = m.scalars[SCALAR.nrUnplugged]! + 1;
}

export function isUnplugged(flags: number): boolean {
  return (flags & (PG_OFFLINE | PG_MOVABLE_OPS)) === PG_OFFLINE;
}

/**
 * The driver drops its reference, if it is one that listens and the only one: the page is out of its table, and still knows
 * whose it is (virtio_mem_fake_offline_going_offline). What somebody else holds as well is left alone.
 */
export function letGo(m: Machine, pfn: Pfn): void {
  if (kindOfDriver(m, driverOf(m, pfn)) !== DRIVER_VIRTIO_MEM || !refFreeze(m, pfn, 1)) return;
  m.leafSlots[slotAt(m, m.index[pfn]!)] = 0;
}

/** The driver takes its page back (virtio_mem_fake_offline_cancel_offline). */
export function takeBack(m: Machine, pfn: Pfn): void {
  if (m.count[pfn] !== 0) return;
  m.leafSlots[slotAt(m, m.index[pfn]!)] = pfn + 1;
  refSet(m, pfn, 1);
}
