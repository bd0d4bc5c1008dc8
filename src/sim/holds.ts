import { VacateError } from '../base/vacate-error.js';
import { PG_LOCKED } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';
import { getPage } from './page-ref.js';

/** What somebody holds on a page until a time: an extra reference, a device's pin, the page lock, or a write under way. */
export const HOLD_PIN = 1;
export const HOLD_LOCK = 2;
export const HOLD_WRITEBACK = 3;
/** A pin of pin_user_pages for a transfer under way (direct I/O). */
export const HOLD_DMA_PIN = 4;
/** One for as long as a device wants (FOLL_LONGTERM: RDMA, VFIO). */
export const HOLD_LONGTERM_PIN = 5;
export type HoldKind = 1 | 2 | 3 | 4 | 5;

export function addHold(m: Machine, pfn: Pfn, kind: HoldKind, until: number): void {
  const nr = m.scalars[SCALAR.nrHolds]!;
  if (nr >= m.holdPfn.length)
    throw new VacateError('limit', `the machine tracks ${nr} pins, locks and writebacks at most; raise capacity.holds`);
  m.holdPfn[nr] = pfn;
  m.holdKind[nr] = kind;
  m.holdUntil[nr] = until;
  m.scalars[SCALAR.nrHolds] = nr + 1;
}

/** Removes record `at`, keeping the order of the others: what ends first was begun first. */
export function removeHold(m: Machine, at: number): void {
  const nr = m.scalars[SCALAR.nrHolds]! - 1;
  m.holdPfn.copyWithin(at, at + 1, nr + 1);
  m.holdKind.copyWithin(at, at + 1, nr + 1);
  m.holdUntil.copyWithin(at, at + 1, nr + 1);
  m.scalars[SCALAR.nrHolds] = nr;
}

/** Removes every record whose time has come: [pfn, kind] of each, what was begun first first. */
export function takeEndedHolds(m: Machine, now: number): number[] {
  const nr = m.scalars[SCALAR.nrHolds]!;
  const ended: number[] = [];
  let left = 0;
  for (let at = 0; at < nr; at++) {
    if (m.holdUntil[at]! <= now) {
      ended.push(m.holdPfn[at]!, m.holdKind[at]!);
      continue;
    }
    m.holdPfn[left] = m.holdPfn[at]!;
    m.holdKind[left] = m.holdKind[at]!;
    m.holdUntil[left] = m.holdUntil[at]!;
    left++;
  }
  m.scalars[SCALAR.nrHolds] = left;
  return ended;
}

/** The record of one kind on a page, or -1. */
export function findHold(m: Machine, pfn: Pfn, kind: HoldKind): number {
  const nr = m.scalars[SCALAR.nrHolds]!;
  for (let at = 0; at < nr; at++) if (m.holdPfn[at] === pfn && m.holdKind[at] === kind) return at;
  return -1;
}

/** An extra reference that no mapping or cache explains (get_user_pages), until virtual time `until`. */
export function pin(m: Machine, pfn: Pfn, until: number): void {
  getPage(m, pfn);
  addHold(m, pfn, HOLD_PIN, until);
}

/** The page lock, taken until virtual time `until` by somebody who holds a reference as long. False if it is taken already. */
export function lockPage(m: Machine, pfn: Pfn, until: number): boolean {
  if ((m.flags[pfn]! & PG_LOCKED) !== 0) return false;
  m.flags[pfn] = m.flags[pfn]! | PG_LOCKED;
  getPage(m, pfn);
  addHold(m, pfn, HOLD_LOCK, until);
  return true;
}
