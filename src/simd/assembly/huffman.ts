/** Bytes of a row of 256 counts. */
const ROW_BYTES: usize = 1024;

/**
 * How often each byte occurs, added to four rows of 256 numbers of 32 bits, each for every fourth byte: a count that has just been written
 * is not waited for. `end` is a multiple of 4 behind `bytes`.
 */
export function countBytes(bytes: usize, end: usize, counts: usize): void {
  for (; bytes !== end; bytes += 4) {
    const four = load<u32>(bytes);
    const a = counts + ((<usize>(four & 0xff)) << 2);
    const b = counts + ROW_BYTES + ((<usize>((four >> 8) & 0xff)) << 2);
    const c = counts + 2 * ROW_BYTES + ((<usize>((four >> 16) & 0xff)) << 2);
    const d = counts + 3 * ROW_BYTES + ((<usize>(four >> 24)) << 2);
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
    store<u32>(c, load<u32>(c) + 1);
    store<u32>(d, load<u32>(d) + 1);
  }
}

/**
 * The code of each byte behind `nrBits` bits (less than 32), from a table [code, length] of 16 bits each. Up to 8 bytes behind the last
 * bit are written too. Gives how many bits there are from `to` on.
 */
export function putCodes(bytes: usize, end: usize, codes: usize, to: usize, bits: u32, nrBits: u32): u32 {
  const first = to;
  let waiting = <u64>bits;
  let nrWaiting = <u64>nrBits;
  for (; bytes !== end; bytes++) {
    const row = load<u32>(codes + ((<usize>load<u8>(bytes)) << 2));
    waiting |= (<u64>(row & 0xffff)) << nrWaiting;
    nrWaiting += <u64>(row >> 16);
    if (nrWaiting >= 32) {
      store<u32>(to, <u32>waiting);
      to += 4;
      waiting >>= 32;
      nrWaiting -= 32;
    }
  }
  store<u64>(to, waiting);
  return ((<u32>(to - first)) << 3) + <u32>nrWaiting;
}
