import {
  PALETTE_BLOCK_BYTES,
  PALETTE_LENGTH_BYTES,
  PALETTE_RAW,
  PALETTE_REPEATED,
  PALETTE_SAME,
} from '../simd/palettes.js';
import { PAYLOAD_BYTES_MAX } from './chunk.js';
import { damaged } from './damaged.js';

const PLANE_BYTES = PALETTE_BLOCK_BYTES / 8;

/**
 * The bytes that `packPalettes` was given.
 *
 * @throws VacateError kind 'recording' for what it did not write.
 */
export function unpackPalettes(packed: Uint8Array): Uint8Array {
  return new Unpacker(packed).unpack();
}

class Unpacker {
  #at = 0;
  /** The palette of the block before, or of one before that, since another kind has stood there. */
  #palette: Uint8Array | null = null;

  constructor(private readonly packed: Uint8Array) {}

  unpack(): Uint8Array {
    const head = this.#take(PALETTE_LENGTH_BYTES);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    if (length > PAYLOAD_BYTES_MAX) throw broken();
    const bytes = new Uint8Array(Math.ceil(length / PALETTE_BLOCK_BYTES) * PALETTE_BLOCK_BYTES);
    for (let to = 0, isConstant = false; to < bytes.length; ) {
      const kind = this.#take(1)[0]!;
      if (kind > PALETTE_REPEATED) {
        const past = to + (kind - PALETTE_REPEATED) * PALETTE_BLOCK_BYTES;
        if (!isConstant || past > bytes.length) throw broken();
        bytes.fill(bytes[to - 1]!, to, past);
        to = past;
        continue;
      }
      this.#takeBlock(kind, bytes.subarray(to, to + PALETTE_BLOCK_BYTES));
      isConstant = kind === 0;
      to += PALETTE_BLOCK_BYTES;
    }
    if (this.#at !== this.packed.length) throw broken();
    return bytes.subarray(0, length);
  }

  #takeBlock(kind: number, block: Uint8Array): void {
    if (kind === 0) block.fill(this.#take(1)[0]!);
    else if (kind === PALETTE_RAW) block.set(this.#take(PALETTE_BLOCK_BYTES));
    else {
      const width = kind & ~PALETTE_SAME;
      if (width !== 1 && width !== 2 && width !== 4) throw broken();
      if (kind === width) this.#palette = this.#take(1 << width);
      if (this.#palette?.length !== 1 << width) throw broken();
      putValues(block, this.#palette, this.#take(width * PLANE_BYTES));
    }
  }

  #take(nrBytes: number): Uint8Array {
    const past = this.#at + nrBytes;
    if (past > this.packed.length) throw broken();
    const taken = this.packed.subarray(this.#at, past);
    this.#at = past;
    return taken;
  }
}

function putValues(block: Uint8Array, palette: Uint8Array, planes: Uint8Array): void {
  for (let plane = 0; plane < planes.length; plane++) {
    const place = (plane % PLANE_BYTES) * 8;
    const shift = Math.floor(plane / PLANE_BYTES);
    const bits = planes[plane]!;
    for (let bit = 0; bit < 8; bit++) block[place + bit]! |= ((bits >>> bit) & 1) << shift;
  }
  for (let i = 0; i < block.length; i++) block[i] = palette[block[i]!]!;
}

function broken() {
  return damaged('what pages look like is not packed as it should be');
}
