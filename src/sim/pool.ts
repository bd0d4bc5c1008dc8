import { VacateError } from '../base/vacate-error.js';
import type { Machine } from './machine.js';

/**
 * Takes a number from a pool of records in columns: a freed one if there is, else the next unused. Numbers start at 1,
 * so that 0 can mean "none" in every column that names a record.
 *
 * @throws VacateError kind 'limit' when the pool is full.
 */
export function takeFromPool(m: Machine, next: Uint32Array, freeAt: number, fillAt: number, what: string): number {
  const freed = m.scalars[freeAt]!;
  if (freed !== 0) {
    m.scalars[freeAt] = next[freed]!;
    next[freed] = 0;
    return freed;
  }
  const fresh = m.scalars[fillAt]! + 1;
  if (fresh >= next.length)
    throw new VacateError(
      'limit',
      `the machine has room for ${next.length - 1} ${what}; raise capacity when building it`,
    );
  m.scalars[fillAt] = fresh;
  return fresh;
}

export function returnToPool(m: Machine, next: Uint32Array, freeAt: number, id: number): void {
  next[id] = m.scalars[freeAt]!;
  m.scalars[freeAt] = id;
}
