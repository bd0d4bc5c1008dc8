/*
 * Reading what lies all over memory, many elements at a time. Before each access to a typed array V8 looks whether it is
 * still the same kind of array, and where it begins: six loads for one. A processor keeps only so many loads under way, and
 * so a loop that takes one element a turn waits for most of them alone. Eight a turn are looked after once: three times as
 * fast where nothing is in a cache.
 */

/** `to[i] = from[places[i]]` for so many; `to` may be `places`. */
export function gather(from: Uint32Array, places: Uint32Array, nr: number, to: Uint32Array): void {
  let i = 0;
  for (const last = nr - 8; i <= last; i += 8) {
    const a = from[places[i]!]!;
    const b = from[places[i + 1]!]!;
    const c = from[places[i + 2]!]!;
    const d = from[places[i + 3]!]!;
    const e = from[places[i + 4]!]!;
    const f = from[places[i + 5]!]!;
    const g = from[places[i + 6]!]!;
    const h = from[places[i + 7]!]!;
    to[i] = a;
    to[i + 1] = b;
    to[i + 2] = c;
    to[i + 3] = d;
    to[i + 4] = e;
    to[i + 5] = f;
    to[i + 6] = g;
    to[i + 7] = h;
  }
  for (; i < nr; i++) to[i] = from[places[i]!]!;
}

/*
 * Only so that it has been fetched: elements at `places[start..end)`, one function for each width, because a function that
 * sees arrays of several kinds has to ask which one it has. What they return is to be kept somewhere, so that no compiler
 * leaves the reading out.
 */

export function touchWords(column: Uint32Array, places: Uint32Array, start: number, end: number): number {
  let sum = 0;
  let i = start;
  for (const last = end - 8; i <= last; i += 8)
    sum ^=
      column[places[i]!]! ^
      column[places[i + 1]!]! ^
      column[places[i + 2]!]! ^
      column[places[i + 3]!]! ^
      column[places[i + 4]!]! ^
      column[places[i + 5]!]! ^
      column[places[i + 6]!]! ^
      column[places[i + 7]!]!;
  for (; i < end; i++) sum ^= column[places[i]!]!;
  return sum;
}

export function touchHalfWords(column: Uint16Array, places: Uint32Array, start: number, end: number): number {
  let sum = 0;
  let i = start;
  for (const last = end - 8; i <= last; i += 8)
    sum ^=
      column[places[i]!]! ^
      column[places[i + 1]!]! ^
      column[places[i + 2]!]! ^
      column[places[i + 3]!]! ^
      column[places[i + 4]!]! ^
      column[places[i + 5]!]! ^
      column[places[i + 6]!]! ^
      column[places[i + 7]!]!;
  for (; i < end; i++) sum ^= column[places[i]!]!;
  return sum;
}

export function touchBytes(column: Uint8Array, places: Uint32Array, start: number, end: number): number {
  let sum = 0;
  let i = start;
  for (const last = end - 8; i <= last; i += 8)
    sum ^=
      column[places[i]!]! ^
      column[places[i + 1]!]! ^
      column[places[i + 2]!]! ^
      column[places[i + 3]!]! ^
      column[places[i + 4]!]! ^
      column[places[i + 5]!]! ^
      column[places[i + 6]!]! ^
      column[places[i + 7]!]!;
  for (; i < end; i++) sum ^= column[places[i]!]!;
  return sum;
}
