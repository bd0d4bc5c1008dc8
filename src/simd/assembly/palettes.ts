/** As src/simd/palettes.ts has them. */
const BLOCK_BYTES: usize = 128;
const RAW: u32 = 8;
const SAME_PALETTE: u32 = 0x10;
const REPEATED: u32 = 0x80;
const REPEATS_MAX: u32 = 0x7f;
const VALUES_MAX: u32 = 16;

/** `codes` is room for the code of every value: 256 bytes. Gives the end of what has been written. */
export function packPalettes(bytes: usize, end: usize, packed: usize, codes: usize): usize {
  let to = packed;
  let isConstant = false;
  let constant: u32 = 0;
  let nrRepeats: u32 = 0;
  let width: u32 = 0;
  let p0 = i8x16.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  for (let at = bytes; at !== end; at += BLOCK_BYTES) {
    const v0 = v128.load8_splat(at);
    const other1 = firstOther(at, v0, v0, v0, v0);
    if (other1 === 0) {
      const value = <u32>load<u8>(at);
      if (isConstant && constant === value && nrRepeats < REPEATS_MAX) {
        if (nrRepeats === 0) to++;
        nrRepeats++;
        store<u8>(to - 1, <u8>(REPEATED | nrRepeats));
      } else {
        store<u8>(to, 0);
        store<u8>(to, <u8>value, 1);
        to += 2;
        isConstant = true;
        constant = value;
        nrRepeats = 0;
      }
      continue;
    }
    isConstant = false;
    const fits =
      (width === 1 && firstOther(at, p0, p1, p1, p1) === 0) || (width === 2 && firstOther(at, p0, p1, p2, p3) === 0);
    if (fits) {
      store<u8>(to++, <u8>(SAME_PALETTE | width));
    } else {
      const v1 = v128.load8_splat(other1);
      const other2 = firstOther(at, v0, v1, v1, v1);
      const v2 = other2 === 0 ? v1 : v128.load8_splat(other2);
      const other3: usize = other2 === 0 ? <usize>0 : firstOther(at, v0, v1, v2, v2);
      const v3 = other3 === 0 ? v2 : v128.load8_splat(other3);
      if (other3 !== 0 && firstOther(at, v0, v1, v2, v3) !== 0) {
        to = packWide(at, to, codes);
        width = 0;
        continue;
      }
      width = other2 === 0 ? 1 : 2;
      p0 = v0;
      p1 = v1;
      p2 = v2;
      p3 = v3;
      store<u8>(to, <u8>width);
      store<u8>(to, <u8>i8x16.extract_lane_u(v0, 0), 1);
      store<u8>(to, <u8>i8x16.extract_lane_u(v1, 0), 2);
      store<u8>(to, <u8>i8x16.extract_lane_u(v2, 0), 3);
      store<u8>(to, <u8>i8x16.extract_lane_u(v3, 0), 4);
      to += 1 + (1 << width);
    }
    if (width === 1) to = putPlane(at, to, p1, p1);
    else to = putPlane(at, putPlane(at, to, p1, p3), p2, p3);
  }
  return to;
}

/** The address of the first byte of a block that is none of four; 0 if all are. */
function firstOther(at: usize, a: v128, b: v128, c: v128, d: v128): usize {
  for (const end = at + BLOCK_BYTES; at !== end; at += 16) {
    const bytes = v128.load(at);
    const known = v128.or(
      v128.or(i8x16.eq(bytes, a), i8x16.eq(bytes, b)),
      v128.or(i8x16.eq(bytes, c), i8x16.eq(bytes, d)),
    );
    const others = i8x16.bitmask(known) ^ 0xffff;
    if (others !== 0) return at + <usize>ctz(others);
  }
  return 0;
}

/** A bit for each byte of a block: if it is one of two. */
function putPlane(at: usize, to: usize, a: v128, b: v128): usize {
  for (const end = at + BLOCK_BYTES; at !== end; at += 16, to += 2) {
    const bytes = v128.load(at);
    store<u16>(to, <u16>i8x16.bitmask(v128.or(i8x16.eq(bytes, a), i8x16.eq(bytes, b))));
  }
  return to;
}

/** A block of more than four values: by codes of four bits, or as it is. */
function packWide(at: usize, to: usize, codes: usize): usize {
  memory.fill(codes, 0xff, 256);
  let nrValues: u32 = 0;
  for (let i: usize = 0; i < BLOCK_BYTES; i++) {
    const value = <usize>load<u8>(at + i);
    if (load<u8>(codes + value) !== 0xff) continue;
    if (nrValues === VALUES_MAX) {
      store<u8>(to, <u8>RAW);
      memory.copy(to + 1, at, BLOCK_BYTES);
      return to + 1 + BLOCK_BYTES;
    }
    store<u8>(codes + value, <u8>nrValues);
    nrValues++;
    store<u8>(to + nrValues, <u8>value);
  }
  store<u8>(to, 4);
  for (; nrValues < VALUES_MAX; nrValues++) store<u8>(to + nrValues + 1, 0);
  to += 1 + VALUES_MAX;
  for (let plane: u32 = 0; plane < 4; plane++)
    for (let i: usize = 0; i < BLOCK_BYTES; i += 8, to++) {
      let bits: u32 = 0;
      for (let page: usize = 0; page < 8; page++)
        bits |= ((<u32>load<u8>(codes + <usize>load<u8>(at + i + page)) >> plane) & 1) << (<u32>page);
      store<u8>(to, <u8>bits);
    }
  return to;
}
