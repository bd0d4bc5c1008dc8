/** As src/mm/units.ts has it. */
const PAGEBLOCK_PAGES: usize = 512;
const PAGEBLOCK_SHIFT: usize = 9;
/** As src/simd/known-words.ts has them. */
const ROW_SHIFT: usize = 4;
const PROBES: usize = 8;
/** As src/simd/page-chunk.ts has them. */
const CENSUS_SHIFT: usize = 5;
const IS_COUNTED: u32 = 1;
const EXPLAIN_ALL: u32 = 2;
const EXPLAIN_UNMAPPED: u32 = 4;
/** Pages that are looked at together: a bit each. */
const GROUP: usize = 16;

export function runsOfWords(words: usize, nrPages: u32, place: u32, runs: usize): u32 {
  const first = runs;
  const end = <usize>nrPages;
  for (let page: usize = 0; page < end; page += GROUP) {
    const at = words + (page << 3);
    const differ = bitsOf(changes(at), changes(at + 32), changes(at + 64), changes(at + 96));
    runs = putPages(runs, page, differ | bordersIn(page, place), end);
  }
  store<u16>(runs, <u16>nrPages);
  return <u32>((runs - first) >> 1);
}

export function runsOfFlags(flags: usize, nrPages: u32, place: u32, runs: usize): u32 {
  const first = runs;
  const end = <usize>nrPages;
  for (let page: usize = 0; page < end; page += GROUP) {
    const at = flags + (page << 2);
    const a = i32x4.ne(v128.load(at), v128.load(at - 4));
    const b = i32x4.ne(v128.load(at, 16), v128.load(at, 12));
    const c = i32x4.ne(v128.load(at, 32), v128.load(at, 28));
    const d = i32x4.ne(v128.load(at, 48), v128.load(at, 44));
    runs = putPages(runs, page, bitsOf(a, b, c, d) | bordersIn(page, place), end);
  }
  store<u16>(runs, <u16>nrPages);
  return <u32>((runs - first) >> 1);
}

export function translateRuns(
  words: usize,
  runs: usize,
  run: u32,
  nrRuns: u32,
  place: u32,
  table: usize,
  flags: usize,
  census: usize,
  any: usize,
): u32 {
  let seen = load<u32>(any);
  let at = runs + ((<usize>run) << 1);
  const end = runs + ((<usize>nrRuns) << 1);
  let page = <usize>load<u16>(at);
  for (; at !== end; at += 2) {
    const row = rowOf(table, load<u64>(words + (page << 3)));
    if (row === 0) break;
    const past = <usize>load<u16>(at, 2);
    const translated = load<u32>(row, 8);
    fill(flags + (page << 2), flags + (past << 2), translated);
    const column = census + (((page + place) >> PAGEBLOCK_SHIFT) << CENSUS_SHIFT) + (load<u32>(row, 12) << 1);
    store<u16>(column, <u16>(load<u16>(column) + past - page));
    seen |= translated;
    page = past;
  }
  store<u32>(any, seen);
  return <u32>((at - runs) >> 1);
}

export function sortOutRuns(
  words: usize,
  flags: usize,
  runs: usize,
  run: u32,
  nrRuns: u32,
  table: usize,
  kept: usize,
  mapcounts: usize,
  found: usize,
  nrFound: usize,
): u32 {
  let next = found + ((<usize>load<u32>(nrFound)) << 1);
  let at = runs + ((<usize>run) << 1);
  const end = runs + ((<usize>nrRuns) << 1);
  let page = <usize>load<u16>(at);
  for (; at !== end; at += 2) {
    const row = rowOf(table, <u64>load<u32>(flags + (page << 2)));
    if (row === 0) break;
    const past = <usize>load<u16>(at, 2);
    const how = load<u32>(row, 12);
    fill(kept + (page << 2), kept + (past << 2), load<u32>(row, 8));
    if (mapcounts !== 0) putCounts(words, mapcounts, page, past, (how & IS_COUNTED) !== 0 ? 0xffff : 0);
    if ((how & EXPLAIN_UNMAPPED) !== 0) next = putUnmapped(words, page, past, next);
    else if ((how & EXPLAIN_ALL) !== 0) for (let one = page; one !== past; one++, next += 2) store<u16>(next, <u16>one);
    page = past;
  }
  store<u32>(nrFound, <u32>((next - found) >> 1));
  return <u32>((at - runs) >> 1);
}

export function tallyRuns(
  flags: usize,
  runs: usize,
  run: u32,
  nrRuns: u32,
  table: usize,
  tallies: usize,
  told: usize,
  nrTold: usize,
): u32 {
  let next = told + ((<usize>load<u32>(nrTold)) << 1);
  let page = <usize>load<u16>(runs + ((<usize>run) << 1));
  for (; run !== nrRuns; run++) {
    const row = rowOf(table, <u64>load<u32>(flags + (page << 2)));
    if (row === 0) break;
    const past = <usize>load<u16>(runs + ((<usize>run) << 1), 2);
    const tally = tallies + ((<usize>load<u32>(row, 12)) << 2);
    store<u32>(tally, <u32>(<usize>load<u32>(tally) + past - page));
    const left = load<u32>(row, 8);
    if (left !== 0) {
      store<u32>(row, left - 1, 8);
      store<u16>(next, <u16>run);
      next += 2;
    }
    page = past;
  }
  store<u32>(nrTold, <u32>((next - told) >> 1));
  return run;
}

/** Four words, all bits set in those that differ from the one before. */
function changes(at: usize): v128 {
  const a = i64x2.ne(v128.load(at), v128.load(at - 8));
  const b = i64x2.ne(v128.load(at, 16), v128.load(at, 8));
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6);
}

/** A bit of each of sixteen lanes. */
function bitsOf(a: v128, b: v128, c: v128, d: v128): i32 {
  return i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

/** The first page of all, and of a pageblock, begins a run, whatever stands before it. */
function bordersIn(page: usize, place: u32): i32 {
  const left = (PAGEBLOCK_PAGES - ((page + place) & (PAGEBLOCK_PAGES - 1))) & (PAGEBLOCK_PAGES - 1);
  return (page === 0 ? 1 : 0) | (left < GROUP ? 1 << (<i32>left) : 0);
}

/** The pages of a group that have their bit set. */
function putPages(list: usize, page: usize, bits: i32, end: usize): usize {
  if (page + GROUP > end) bits &= (1 << (<i32>(end - page))) - 1;
  while (bits !== 0) {
    store<u16>(list, <u16>(page + ctz(bits)));
    list += 2;
    bits &= bits - 1;
  }
  return list;
}

/** The table's row about a word; 0 if it has none. */
function rowOf(table: usize, word: u64): usize {
  const mixed = <u32>word ^ (<u32>(word >> 32) * 0x85eb_ca6b);
  let row = table + ((<usize>((mixed * 0x9e37_79b1) >> 20)) << ROW_SHIFT);
  for (const end = row + (PROBES << ROW_SHIFT); row !== end; row += 1 << ROW_SHIFT)
    if (load<u64>(row) === word) return row;
  return 0;
}

/** Whole groups: what comes behind the end is filled when its turn comes. */
function fill(at: usize, end: usize, word: u32): void {
  const alike = i32x4.splat(word);
  do {
    v128.store(at, alike);
    v128.store(at, alike, 16);
    v128.store(at, alike, 32);
    v128.store(at, alike, 48);
    at += 64;
  } while (at < end);
}

function putCounts(words: usize, mapcounts: usize, start: usize, end: usize, most: u32): void {
  for (let page = start; page !== end; page++)
    store<u16>(mapcounts + (page << 1), <u16>min(load<u32>(words + (page << 3)), most));
}

function putUnmapped(words: usize, start: usize, end: usize, list: usize): usize {
  for (let page = start; page < end; page += GROUP) {
    const at = words + (page << 3);
    const bits = bitsOf(unmapped(at), unmapped(at + 32), unmapped(at + 64), unmapped(at + 96));
    if (bits !== 0) list = putPages(list, page, bits, end);
  }
  return list;
}

/** Four words, all bits set in those whose low half is 0. */
function unmapped(at: usize): v128 {
  return i32x4.eq(v128.shuffle<i32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6), i32x4.splat(0));
}
