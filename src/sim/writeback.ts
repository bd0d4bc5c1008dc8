import { PG_ANON, PG_DIRTY, PG_LOCKED, PG_SWAPCACHE, PG_WRITEBACK } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { store } from './contents.js';
import { type DmaPin, dropPinnedMark } from './gup.js';
import {
  addHold,
  findHold,
  HOLD_DMA_PIN,
  HOLD_LOCK,
  HOLD_LONGTERM_PIN,
  HOLD_PIN,
  HOLD_WRITEBACK,
  type HoldKind,
  removeHold,
  takeEndedHolds,
} from './holds.js';
import type { Machine } from './machine.js';
import { putPage } from './page-allocator.js';
import { endWritebackMark, ensureDiskPlace, isInItsSlot, markWriteback } from './page-cache.js';
import { swapSlotOf } from './swap.js';

/** A write to a device, in nanoseconds of virtual time: an NVMe drive's order of magnitude. */
export const WRITE_LATENCY_NS = 100_000;

/**
 * Starts writing a dirty page back; the device reads the frame when it completes, so the page must not move meanwhile.
 * False if the page is not in a state to be written, or is shared memory and swap is full.
 */
export function startWriteback(m: Machine, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  if ((flags & (PG_LOCKED | PG_WRITEBACK)) !== 0 || (flags & PG_DIRTY) === 0) return false;
  const cached = (flags & PG_SWAPCACHE) !== 0 || ((flags & PG_ANON) === 0 && isInItsSlot(m, pfn));
  if (!cached) return false;
  // Space on the device is reserved at submission, as delayed allocation does, so completion cannot fail.
  if ((flags & PG_SWAPCACHE) === 0 && ensureDiskPlace(m, m.index[pfn]!) === 0) return false;
  markWriteback(m, pfn);
  addHold(m, pfn, HOLD_WRITEBACK, m.clock[0]! + WRITE_LATENCY_NS);
  return true;
}

function completeWriteback(m: Machine, pfn: Pfn): void {
  if ((m.flags[pfn]! & PG_SWAPCACHE) !== 0) store(m, pfn, swapSlotOf(m, pfn));
  else if (isInItsSlot(m, pfn)) store(m, pfn, ensureDiskPlace(m, m.index[pfn]!));
  endWritebackMark(m, pfn);
}

/** Lets virtual time pass: writes complete, pins and locks whose time has come are dropped. */
export function advance(m: Machine, cpu: number, ns: number): void {
  m.clock[0] = m.clock[0]! + ns;
  const ended = takeEndedHolds(m, m.clock[0]!);
  for (let i = 0; i < ended.length; i += 2) endHold(m, cpu, ended[i]!, ended[i + 1] as HoldKind);
}

function endHold(m: Machine, cpu: number, pfn: Pfn, kind: HoldKind): void {
  if (kind === HOLD_WRITEBACK) {
    completeWriteback(m, pfn);
    return;
  }
  if (kind === HOLD_LOCK) m.flags[pfn] = m.flags[pfn]! & ~PG_LOCKED;
  if (kind === HOLD_DMA_PIN || kind === HOLD_LONGTERM_PIN) dropPinnedMark(m, pfn);
  putPage(m, cpu, pfn);
}

/** Drops one pin of a page, if it has one (put_user_page). */
export function unpin(m: Machine, cpu: number, pfn: Pfn): boolean {
  return dropHold(m, cpu, pfn, HOLD_PIN);
}

/** Drops one pin of a device's, of this kind, if the page has one (unpin_user_page). */
export function unpinUserPage(m: Machine, cpu: number, pfn: Pfn, kind: DmaPin): boolean {
  return dropHold(m, cpu, pfn, kind);
}

function dropHold(m: Machine, cpu: number, pfn: Pfn, kind: HoldKind): boolean {
  const at = findHold(m, pfn, kind);
  if (at < 0) return false;
  removeHold(m, at);
  endHold(m, cpu, pfn, kind);
  return true;
}

/** Waits for a page's writeback (folio_wait_writeback): time goes on to its end. False if none is under way, or if it will never end. */
export function waitForWriteback(m: Machine, cpu: number, pfn: Pfn): boolean {
  const at = findHold(m, pfn, HOLD_WRITEBACK);
  if (at < 0 || m.holdUntil[at] === Number.POSITIVE_INFINITY) return false;
  advance(m, cpu, Math.max(0, m.holdUntil[at]! - m.clock[0]!));
  return true;
}
