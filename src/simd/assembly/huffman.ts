/** How often each byte occurs, added to 256 numbers of 32 bits. */
export function countBytes(bytes: usize, end: usize, counts: usize): void {
  for (; bytes !== end; bytes++) {
    const count = counts + ((<usize>load<u8>(bytes)) << 2);
    store<u32>(count, load<u32>(count) + 1);
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
