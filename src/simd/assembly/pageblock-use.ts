/** As src/mm/page-flags.ts and src/mm/pageblock-use.ts have them. */
const FREE_FLAGS: i32 = (1 << 10) | (1 << 28);
const PG_NOPAGE: i32 = 1 << 20;
const HAS_HOLES: i32 = 1 << 15;
const PAGEBLOCK_PAGES: usize = 512;

/** From a word of flags a page; `use` gets 16 bits a pageblock. */
export function useOfWords(flags: usize, nrBlocks: u32, use: usize): void {
  const zero = i32x4.splat(0);
  const free = i32x4.splat(FREE_FLAGS);
  const noPage = i32x4.splat(PG_NOPAGE);
  for (const endOfUse = use + (nrBlocks << 1); use !== endOfUse; use += 2) {
    // Minus one for each page in use: that is what comparing gives.
    let counts0 = zero;
    let counts1 = zero;
    let any = zero;
    for (const end = flags + 4 * PAGEBLOCK_PAGES; flags !== end; flags += 64) {
      const a = v128.load(flags);
      const b = v128.load(flags, 16);
      const c = v128.load(flags, 32);
      const d = v128.load(flags, 48);
      const inA = i32x4.eq(v128.and(a, free), zero);
      const inB = i32x4.eq(v128.and(b, free), zero);
      const inC = i32x4.eq(v128.and(c, free), zero);
      const inD = i32x4.eq(v128.and(d, free), zero);
      counts0 = i32x4.add(counts0, i32x4.add(inA, inB));
      counts1 = i32x4.add(counts1, i32x4.add(inC, inD));
      any = v128.or(any, v128.or(v128.or(a, b), v128.or(c, d)));
    }
    const holes = v128.any_true(v128.and(any, noPage)) ? HAS_HOLES : 0;
    store<u16>(use, <u16>(holes - sumOfLanes(i32x4.add(counts0, counts1))));
  }
}

/** From a byte a page, of which bit 0 says that it is in use. */
export function useOfBytes(bytes: usize, nrBlocks: u32, use: usize): void {
  const one = i8x16.splat(1);
  for (const endOfUse = use + (nrBlocks << 1); use !== endOfUse; use += 2) {
    // A lane counts sixteen pages at most, so bytes do.
    let counts0 = i8x16.splat(0);
    let counts1 = i8x16.splat(0);
    for (const end = bytes + PAGEBLOCK_PAGES; bytes !== end; bytes += 64) {
      const a = v128.and(v128.load(bytes), one);
      const b = v128.and(v128.load(bytes, 16), one);
      const c = v128.and(v128.load(bytes, 32), one);
      const d = v128.and(v128.load(bytes, 48), one);
      counts0 = i8x16.add(counts0, i8x16.add(a, b));
      counts1 = i8x16.add(counts1, i8x16.add(c, d));
    }
    const pairs = i16x8.extadd_pairwise_i8x16_u(i8x16.add(counts0, counts1));
    store<u16>(use, <u16>sumOfLanes(i32x4.extadd_pairwise_i16x8_u(pairs)));
  }
}

/** Pages whose flags under the mask are these. */
export function countWords(flags: usize, nrBlocks: u32, mask: u32, wanted: u32, counts: usize): void {
  const masks = i32x4.splat(mask);
  const alike = i32x4.splat(wanted);
  for (const endOfCounts = counts + (nrBlocks << 1); counts !== endOfCounts; counts += 2) {
    let counts0 = i32x4.splat(0);
    let counts1 = i32x4.splat(0);
    for (const end = flags + 4 * PAGEBLOCK_PAGES; flags !== end; flags += 64) {
      const inA = i32x4.eq(v128.and(v128.load(flags), masks), alike);
      const inB = i32x4.eq(v128.and(v128.load(flags, 16), masks), alike);
      const inC = i32x4.eq(v128.and(v128.load(flags, 32), masks), alike);
      const inD = i32x4.eq(v128.and(v128.load(flags, 48), masks), alike);
      counts0 = i32x4.add(counts0, i32x4.add(inA, inB));
      counts1 = i32x4.add(counts1, i32x4.add(inC, inD));
    }
    store<u16>(counts, <u16>-sumOfLanes(i32x4.add(counts0, counts1)));
  }
}

function sumOfLanes(lanes: v128): i32 {
  const low = i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1);
  return low + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
}
