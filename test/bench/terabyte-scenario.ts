const MIB_PER_GIB = 1024;
const BLOCK_MIB = 128;

/** So much of the machine's memory is on one DIMM that can go: 64 GiB of a terabyte. */
const DIMM_SHARE = 1 / 16;

/** What is done on it: in proportion to its size, 100,000 blocks on a terabyte. */
export function blocksWanted(gib: number): number {
  return Math.floor((100_000 * gib) / 1024);
}

/**
 * A machine of so many GiB, half in use, each page anywhere: 5 % of its pageblocks are the kernel's, a quarter of the
 * rest is page cache. A terabyte lacks one memory block, as the last of 2^28 pages cannot be named in 28 bits.
 */
export function terabyteScenario(gib: number, seed: number): string {
  const dimm = gib * MIB_PER_GIB * DIMM_SHARE;
  const boot = gib * MIB_PER_GIB - dimm - (gib >= 1024 ? BLOCK_MIB : 0);
  return [
    `name: ${gib} GiB`,
    `seed: ${seed}`,
    `contents: mark`,
    `blockSize: ${BLOCK_MIB}MiB`,
    `nodes: [{ boot: ${boot}MiB, dimms: [{ name: dimm1, size: ${dimm}MiB, zone: movable }] }]`,
    `workloads: [{ kind: scattered, size: ${(gib * MIB_PER_GIB) / 2}MiB }]`,
    '',
  ].join('\n');
}
