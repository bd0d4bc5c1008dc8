import { DMA_PINNED } from '../mm/page-flags.js';
import { formatPfn, type Pfn } from '../mm/units.js';
import { addHold, findHold, HOLD_DMA_PIN, HOLD_LONGTERM_PIN } from './holds.js';
import { type Machine, SCALAR } from './machine.js';
import { getPage } from './page-ref.js';
import { zoneOf } from './pageblocks.js';

/** For a transfer under way, or for as long as the device wants. */
export type DmaPin = typeof HOLD_DMA_PIN | typeof HOLD_LONGTERM_PIN;

/**
 * Pins a page so that a device may write to it, until virtual time `until` (pin_user_pages, mm/gup.c). Unlike the reference
 * of get_user_pages (`pin`), the page itself says so: DMA_PINNED, where the kernel adds GUP_PIN_COUNTING_BIAS to its count.
 * A long-term pin wants a page that is allowed to stay (`isLongtermPinnable`); who asks for one anywhere else plays a kernel
 * before 5.13, or one with a bug.
 */
export function pinUserPage(m: Machine, pfn: Pfn, until: number, kind: DmaPin): void {
  getPage(m, pfn);
  m.flags[pfn] = (m.flags[pfn]! | DMA_PINNED) >>> 0;
  addHold(m, pfn, kind, until);
}

/** False in zone Movable, out of which a page goes before it is pinned for long (folio_is_longterm_pinnable). */
export function isLongtermPinnable(m: Machine, pfn: Pfn): boolean {
  return m.spec.zones[zoneOf(m, pfn)]?.kind !== 'Movable';
}

/** True if a device has pinned the page for as long as it wants. The kernel does not tell such pins from others. */
export function isLongtermPinned(m: Machine, pfn: Pfn): boolean {
  return (m.flags[pfn]! & DMA_PINNED) !== 0 && findHold(m, pfn, HOLD_LONGTERM_PIN) >= 0;
}

/** A pin is gone from the table of holds: the page says so until its last one is. */
export function dropPinnedMark(m: Machine, pfn: Pfn): void {
  if (!hasDmaPin(m, pfn)) m.flags[pfn] = (m.flags[pfn]! & ~DMA_PINNED) >>> 0;
}

function hasDmaPin(m: Machine, pfn: Pfn): boolean {
  return findHold(m, pfn, HOLD_DMA_PIN) >= 0 || findHold(m, pfn, HOLD_LONGTERM_PIN) >= 0;
}

/** A page says that it is pinned exactly while a pin of pin_user_pages is among the holds: a sentence for each that is wrong. */
export function checkPins(m: Machine, report: (sentence: string) => void): void {
  for (let at = 0; at < m.scalars[SCALAR.nrHolds]!; at++) {
    const isDmas = m.holdKind[at] === HOLD_DMA_PIN || m.holdKind[at] === HOLD_LONGTERM_PIN;
    if (isDmas && (m.flags[m.holdPfn[at]!]! & DMA_PINNED) === 0)
      report(`a device has pinned ${formatPfn(m.holdPfn[at]!)}, which does not say so`);
  }
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++)
    if ((m.flags[pfn]! & DMA_PINNED) !== 0 && !hasDmaPin(m, pfn))
      report(`${formatPfn(pfn)} says that it is pinned, and nobody pins it`);
}
