/** log2 of PAGE_SIZE (src/mm/units.ts). */
const PAGE_SHIFT: u32 = 12;
const PAGE_BYTES: usize = 4096;

/** One page; both are numbers of pages from the start of memory. Ends may wrap to 0: memory has up to 4 GiB. */
export function copyPage(source: u32, target: u32): void {
  let from: usize = source << PAGE_SHIFT;
  let to: usize = target << PAGE_SHIFT;
  const end = from + PAGE_BYTES;
  do {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    from += 64;
    to += 64;
  } while (from !== end);
}

/**
 * Four pages at once, a line of each in turn. What a page costs is waiting for its first lines, since prefetchers stop
 * at the ends of pages: four pages wait together.
 */
export function copyFourPages(s0: u32, s1: u32, s2: u32, s3: u32, t0: u32, t1: u32, t2: u32, t3: u32): void {
  let from0: usize = s0 << PAGE_SHIFT;
  let from1: usize = s1 << PAGE_SHIFT;
  let from2: usize = s2 << PAGE_SHIFT;
  let from3: usize = s3 << PAGE_SHIFT;
  let to0: usize = t0 << PAGE_SHIFT;
  let to1: usize = t1 << PAGE_SHIFT;
  let to2: usize = t2 << PAGE_SHIFT;
  let to3: usize = t3 << PAGE_SHIFT;
  const end = from0 + PAGE_BYTES;
  do {
    // All loads before all stores: no store can make a load wait.
    const a0 = v128.load(from0);
    const b0 = v128.load(from0, 16);
    const c0 = v128.load(from0, 32);
    const d0 = v128.load(from0, 48);
    const a1 = v128.load(from1);
    const b1 = v128.load(from1, 16);
    const c1 = v128.load(from1, 32);
    const d1 = v128.load(from1, 48);
    const a2 = v128.load(from2);
    const b2 = v128.load(from2, 16);
    const c2 = v128.load(from2, 32);
    const d2 = v128.load(from2, 48);
    const a3 = v128.load(from3);
    const b3 = v128.load(from3, 16);
    const c3 = v128.load(from3, 32);
    const d3 = v128.load(from3, 48);
    v128.store(to0, a0);
    v128.store(to0, b0, 16);
    v128.store(to0, c0, 32);
    v128.store(to0, d0, 48);
    v128.store(to1, a1);
    v128.store(to1, b1, 16);
    v128.store(to1, c1, 32);
    v128.store(to1, d1, 48);
    v128.store(to2, a2);
    v128.store(to2, b2, 16);
    v128.store(to2, c2, 32);
    v128.store(to2, d2, 48);
    v128.store(to3, a3);
    v128.store(to3, b3, 16);
    v128.store(to3, c3, 32);
    v128.store(to3, d3, 48);
    from0 += 64;
    from1 += 64;
    from2 += 64;
    from3 += 64;
    to0 += 64;
    to1 += 64;
    to2 += 64;
    to3 += 64;
  } while (from0 !== end);
}
