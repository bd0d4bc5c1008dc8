/** As src/simd/page-looks.ts has them. */
const GOLDEN: u32 = 0x9e3779b1;
const SLOT_SHIFT: u32 = 21;
/** Pages that are looked at together. */
const GROUP: u32 = 16;

/**
 * Bytes of pages from their words, by a table of slots [word, byte]. Gives the first page of a group with a word that no slot knows,
 * or `nrPages`, a multiple of 16. What has been written of such a group is of no use.
 */
export function bytesOfWords(words: usize, page: u32, nrPages: u32, slots: usize, bytes: usize): u32 {
  for (; page !== nrPages; page += GROUP) {
    const from = words + ((<usize>page) << 2);
    const to = bytes + <usize>page;
    // Memory that nobody uses, and large files: many in a row are alike.
    if (isOneWord(from)) {
      const word = load<u32>(from);
      const slot = slotOf(slots, word);
      if (load<u32>(slot) !== word) return page;
      v128.store(to, i8x16.splat(<i8>load<u32>(slot, 4)));
      continue;
    }
    let unlike: u32 = 0;
    for (let i: usize = 0; i < GROUP; i += 4) {
      const a = load<u32>(from + (i << 2));
      const b = load<u32>(from + (i << 2), 4);
      const c = load<u32>(from + (i << 2), 8);
      const d = load<u32>(from + (i << 2), 12);
      const slotA = slotOf(slots, a);
      const slotB = slotOf(slots, b);
      const slotC = slotOf(slots, c);
      const slotD = slotOf(slots, d);
      unlike |= (load<u32>(slotA) ^ a) | (load<u32>(slotB) ^ b) | (load<u32>(slotC) ^ c) | (load<u32>(slotD) ^ d);
      const low = load<u32>(slotA, 4) | (load<u32>(slotB, 4) << 8);
      const high = (load<u32>(slotC, 4) << 16) | (load<u32>(slotD, 4) << 24);
      store<u32>(to + i, low | high);
    }
    if (unlike !== 0) return page;
  }
  return nrPages;
}

/** True if all words of the group are the same. */
function isOneWord(from: usize): bool {
  const first = v128.load32_splat(from);
  const differ = v128.or(
    v128.or(v128.xor(v128.load(from), first), v128.xor(v128.load(from, 16), first)),
    v128.or(v128.xor(v128.load(from, 32), first), v128.xor(v128.load(from, 48), first)),
  );
  return !v128.any_true(differ);
}

function slotOf(slots: usize, word: u32): usize {
  return slots + ((<usize>((word * GOLDEN) >> SLOT_SHIFT)) << 3);
}

/** Of bytes [first, end), both multiples of 16: the first at which `known` and `now` differ under what a run shows; or `end`. */
export function firstUnlike(known: usize, now: usize, first: u32, end: u32): u32 {
  const kinds = i8x16.splat(0x0f);
  const states = i8x16.splat(<i8>0xe0);
  const inRun = i8x16.splat(0x60);
  const free = i8x16.splat(1);
  for (; first !== end; first += 16) {
    const a = v128.load(known + <usize>first);
    const b = v128.load(now + <usize>first);
    const kindOfA = v128.and(a, kinds);
    const kindOfB = v128.and(b, kinds);
    // Arrived or refused (6 or 7), and in use then and now: only what kind of page it is counts.
    const isShown = v128.and(
      i8x16.eq(v128.and(a, states), inRun),
      v128.and(i8x16.gt_u(kindOfA, free), i8x16.gt_u(kindOfB, free)),
    );
    const isAlike = v128.or(i8x16.eq(a, b), v128.and(isShown, i8x16.eq(kindOfA, kindOfB)));
    const unlike = i8x16.bitmask(isAlike) ^ 0xffff;
    if (unlike !== 0) return first + <u32>ctz(unlike);
  }
  return end;
}
