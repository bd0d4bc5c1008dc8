/** Elements of a row: a word's low half and high half, and two of whoever knows the word. */
const ROW = 4;
const NR_SLOTS = 4096;
/** A word is in its slot or in one of those behind it. */
const PROBES = 8;
const NONE = 0xffff_ffff;

/** Elements of a table. */
export const TABLE_LENGTH = (NR_SLOTS + PROBES) * ROW;

/** What somebody knows of a word. */
export type Known = readonly [number, number];

/**
 * Tables of what has been worked out of 64-bit words: a host's pages have some hundreds of different ones. A word that finds
 * no place takes that of another, which is worked out again when it comes back. `ofNone` is known of the word that
 * has all bits set, and stands in every row at first.
 */
export function clearTable(rows: Uint32Array, ofNone: Known): void {
  for (let row = 0; row < rows.length; row += ROW) put(rows, row, NONE, NONE, ofNone);
}

/** The first element of the row about a word; -1 if there is none. */
export function rowIn(rows: Uint32Array, low: number, high: number): number {
  const first = slotOf(low, high) * ROW;
  for (let row = first; row < first + PROBES * ROW; row += ROW)
    if (rows[row] === low && rows[row + 1] === high) return row;
  return -1;
}

/** Into the first row that is empty, or else into the word's own slot. */
export function learn(rows: Uint32Array, low: number, high: number, known: Known): void {
  const first = slotOf(low, high) * ROW;
  let row = first;
  while (row < first + PROBES * ROW && (rows[row] !== NONE || rows[row + 1] !== NONE)) row += ROW;
  put(rows, row < first + PROBES * ROW ? row : first, low, high, known);
}

function put(rows: Uint32Array, row: number, low: number, high: number, known: Known): void {
  rows[row] = low;
  rows[row + 1] = high;
  rows[row + 2] = known[0];
  rows[row + 3] = known[1];
}

function slotOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> 20;
}
