import { type KernelMemory, kernelMemory } from './kernels.js';

/**
 * Bytes of few different values, 128 at a time, each with as few bits as tell it from the others: what pages look like is one of
 * three or four over long stretches, but not in any order that a dictionary would find. It takes a hundredth of the time of deflate.
 *
 *     packed = length:u32 block*
 *     block  = 0 value                            all bytes have that value
 *            | width palette plane{width}         width 1, 2 or 4
 *            | width + 0x10 plane{width}          the same with the palette before
 *            | 8 byte{128}
 *            | 0x80 + n                           the block before again, which had one value, n times
 *     palette = value{2 ** width}
 *     plane   = a bit for each byte, 16 bytes: together they are its place in the palette, the lowest bit first
 *
 * The last block is filled up with the last byte. Values may stand in a palette twice.
 */
export const PALETTE_BLOCK_BYTES = 128;
export const PALETTE_RAW = 8;
export const PALETTE_SAME = 0x10;
export const PALETTE_REPEATED = 0x80;
export const PALETTE_LENGTH_BYTES = 4;
const REPEATS_MAX = 0x7f;
/** Bytes that a block never exceeds. */
const PACKED_BLOCK_MAX = 1 + PALETTE_BLOCK_BYTES;

/** The reference. */
export function packPalettesPlainly(bytes: Uint8Array): Uint8Array {
  const { filled, packed } = roomFor(bytes);
  let to = PALETTE_LENGTH_BYTES;
  let palette: readonly number[] = [];
  let constant = -1;
  let nrRepeats = 0;
  for (let at = 0; at < filled.length; at += PALETTE_BLOCK_BYTES) {
    const block = filled.subarray(at, at + PALETTE_BLOCK_BYTES);
    const values = [...new Set(block)];
    if (values.length === 1) {
      const [value] = values as [number];
      if (value === constant && nrRepeats < REPEATS_MAX) {
        if (nrRepeats++ === 0) to++;
        packed[to - 1] = PALETTE_REPEATED | nrRepeats;
      } else {
        packed[to + 1] = constant = value;
        nrRepeats = 0;
        to += 2;
      }
      continue;
    }
    constant = -1;
    if (palette.length > 0 && values.every((value) => palette.includes(value))) {
      packed[to] = PALETTE_SAME | Math.log2(palette.length);
      to = putPlanes(packed, to + 1, block, palette);
    } else if (values.length > 16) {
      palette = [];
      packed[to] = PALETTE_RAW;
      packed.set(block, to + 1);
      to += PACKED_BLOCK_MAX;
    } else {
      const width = values.length > 4 ? 4 : values.length > 2 ? 2 : 1;
      while (values.length < 2 ** width) values.push(width === 4 ? 0 : values.at(-1)!);
      packed[to] = width;
      packed.set(values, to + 1);
      to = putPlanes(packed, to + 1 + values.length, block, values);
      // Wide ones are too rare to be looked for again.
      palette = width === 4 ? [] : values;
    }
  }
  return packed.slice(0, to);
}

/** A palette of four has a value that stands there twice in its last place; one of sixteen in its first. */
function putPlanes(packed: Uint8Array, start: number, block: Uint8Array, palette: readonly number[]): number {
  const codeOf = (value: number) => (palette.length > 4 ? palette.indexOf(value) : palette.lastIndexOf(value));
  const codes = Array.from(block, codeOf);
  let to = start;
  for (let plane = 1; plane < palette.length; plane *= 2)
    for (let at = 0; at < codes.length; at += 8, to++)
      for (let bit = 0; bit < 8; bit++) if ((codes[at + bit]! & plane) !== 0) packed[to]! |= 1 << bit;
  return to;
}

/** All bytes, filled up, and room for the worst that they can come to, with their length in it. */
function roomFor(bytes: Uint8Array): { filled: Uint8Array; packed: Uint8Array } {
  const nrBlocks = Math.ceil(bytes.length / PALETTE_BLOCK_BYTES);
  const filled = new Uint8Array(nrBlocks * PALETTE_BLOCK_BYTES).fill(bytes.at(-1) ?? 0, bytes.length);
  filled.set(bytes);
  const packed = new Uint8Array(PALETTE_LENGTH_BYTES + nrBlocks * PACKED_BLOCK_MAX);
  new DataView(packed.buffer).setUint32(0, bytes.length, true);
  return { filled, packed };
}

/** Of a piece of pages as recorders write them, and more. */
const PIECE_BYTES = 2 ** 17;
const PIECE_PACKED_MAX = (PIECE_BYTES / PALETTE_BLOCK_BYTES) * PACKED_BLOCK_MAX;
const CODES_BYTES = 256;

interface PieceMemory {
  readonly kernels: KernelMemory['kernels'];
  readonly bytes: Uint8Array;
  readonly packed: Uint8Array;
}

let kept: PieceMemory | null | undefined;

/** The same by kernels, if there are any and the bytes are not too many. */
export function packPalettes(bytes: Uint8Array): Uint8Array {
  const memory = bytes.length <= PIECE_BYTES ? pieceMemory() : null;
  if (memory === null || bytes.length === 0) return packPalettesPlainly(bytes);
  const end = Math.ceil(bytes.length / PALETTE_BLOCK_BYTES) * PALETTE_BLOCK_BYTES;
  memory.bytes.set(bytes);
  memory.bytes.fill(bytes.at(-1)!, bytes.length, end);
  const past = memory.kernels.packPalettes(0, end, PIECE_BYTES, PIECE_BYTES + PIECE_PACKED_MAX) - PIECE_BYTES;
  const packed = new Uint8Array(PALETTE_LENGTH_BYTES + past);
  new DataView(packed.buffer).setUint32(0, bytes.length, true);
  packed.set(memory.packed.subarray(0, past), PALETTE_LENGTH_BYTES);
  return packed;
}

function pieceMemory(): PieceMemory | null {
  if (kept !== undefined) return kept;
  const memory = kernelMemory(PIECE_BYTES + PIECE_PACKED_MAX + CODES_BYTES);
  if (memory === null) return (kept = null);
  const { buffer, kernels } = memory;
  return (kept = {
    kernels,
    bytes: new Uint8Array(buffer, 0, PIECE_BYTES),
    packed: new Uint8Array(buffer, PIECE_BYTES, PIECE_PACKED_MAX),
  });
}
