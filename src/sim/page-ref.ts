import type { Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';

/**
 * Reference counts, include/linux/page_ref.h. They change here and nowhere else: on a machine that threads share every
 * change is one atomic operation, because a CPU that looks a page up takes its reference without any lock.
 */
export function getPage(m: Machine, pfn: Pfn): void {
  refAdd(m, pfn, 1);
}

/** `references` more. */
export function refAdd(m: Machine, pfn: Pfn, references: number): void {
  if (m.others === null) m.count[pfn] = m.count[pfn]! + references;
  else Atomics.add(m.count, pfn, references);
}

/** `references` fewer; returns how many are left. Freeing the page is the caller's business. */
export function refSub(m: Machine, pfn: Pfn, references: number): number {
  if (m.others !== null) return Atomics.sub(m.count, pfn, references) - references;
  const left = m.count[pfn]! - references;
  m.count[pfn] = left;
  return left;
}

/** The count of a page that nobody else can have found yet, or whose count is frozen. */
export function refSet(m: Machine, pfn: Pfn, references: number): void {
  if (m.others === null) m.count[pfn] = references;
  else Atomics.store(m.count, pfn, references);
}

/**
 * Makes the count 0 if it is exactly as expected, so that nobody can take another reference (page_ref_freeze). False,
 * with nothing changed, if somebody else holds the page.
 */
export function refFreeze(m: Machine, pfn: Pfn, expected: number): boolean {
  if (m.others !== null) return Atomics.compareExchange(m.count, pfn, expected, 0) === expected;
  if (m.count[pfn] !== expected) return false;
  m.count[pfn] = 0;
  return true;
}

/** A reference for somebody who holds no lock: false if the page is free or frozen (get_page_unless_zero). */
export function getPageUnlessZero(m: Machine, pfn: Pfn): boolean {
  for (let count = Atomics.load(m.count, pfn); count !== 0; ) {
    const found = Atomics.compareExchange(m.count, pfn, count, count + 1);
    if (found === count) return true;
    count = found;
  }
  return false;
}
