import { codeLengths } from './code-lengths.js';
import { type KernelMemory, kernelMemory } from './kernels.js';

/**
 * Raw deflate (RFC 1951) that looks for nothing that has been there before: one block with a Huffman code of its own. For bytes that are
 * numbers, where repetitions are chance, it comes to the same size as zlib and takes a tenth of the time. Any inflater reads it.
 *
 *     bytes = bits, the lowest of each byte first
 *     block = last:1 type:2 nrLiterals:5 nrDistances:5 nrLengths:4 length of each length's code:3* length of each literal's code:4*
 *             length of a distance's code:4 code of each byte, and of the end
 *
 * Lengths 0 to 15 have codes of four bits each, which are these numbers; there is one distance, which does not occur.
 */
const NR_LITERALS = 257;
const END_OF_BLOCK = 256;
const CODE_BITS_MAX = 15;
/** In this order lengths of codes of lengths come; the first three of them are repetitions, which we do without. */
const NR_LENGTHS = 19;
const NR_REPETITIONS = 3;
const LENGTH_BITS = 4;

/** The reference. */
export function deflateLiteralsPlainly(bytes: Uint8Array): Uint8Array {
  const counts = new Uint32Array(NR_LITERALS);
  for (const byte of bytes) counts[byte]!++;
  const { lengths, rows } = codeOf(counts);
  const bits = new BitWriter(roomFor(bytes.length));
  putHead(bits, lengths);
  for (const byte of bytes) bits.put(rows[byte]! & 0xffff, rows[byte]! >>> 16);
  bits.put(rows[END_OF_BLOCK]! & 0xffff, rows[END_OF_BLOCK]! >>> 16);
  return bits.bytes();
}

/** Codes as they are written, with their lengths in the upper half. */
function codeOf(counts: Uint32Array): { lengths: Uint8Array; rows: Uint32Array } {
  counts[END_OF_BLOCK] = 1;
  const lengths = codeLengths(counts, CODE_BITS_MAX);
  const rows = new Uint32Array(NR_LITERALS);
  let code = 0;
  for (let length = 1; length <= CODE_BITS_MAX; length++, code <<= 1)
    for (let symbol = 0; symbol < NR_LITERALS; symbol++)
      if (lengths[symbol] === length) rows[symbol] = (length << 16) | reversed(code++, length);
  return { lengths, rows };
}

/** Codes begin with their highest bit, and everything else with its lowest. */
function reversed(code: number, length: number): number {
  let bits = 0;
  for (let bit = 0; bit < length; bit++) bits |= ((code >>> bit) & 1) << (length - 1 - bit);
  return bits;
}

function putHead(bits: BitWriter, lengths: Uint8Array): void {
  bits.put(1, 1);
  bits.put(2, 2);
  bits.put(NR_LITERALS - 257, 5);
  bits.put(0, 5);
  bits.put(NR_LENGTHS - 4, 4);
  for (let length = 0; length < NR_LENGTHS; length++) bits.put(length < NR_REPETITIONS ? 0 : LENGTH_BITS, 3);
  for (const length of lengths) bits.put(reversed(length, LENGTH_BITS), LENGTH_BITS);
  bits.put(reversed(1, LENGTH_BITS), LENGTH_BITS);
}

const HEAD_BYTES_MAX = 160;

function roomFor(nrBytes: number): Uint8Array {
  return new Uint8Array(HEAD_BYTES_MAX + 2 * nrBytes + 8);
}

/** Numbers of up to 16 bits, one behind another. */
class BitWriter {
  #waiting = 0;
  #nrWaiting = 0;
  #at = 0;

  constructor(private readonly room: Uint8Array) {}

  put(bits: number, nrBits: number): void {
    this.#waiting |= bits << this.#nrWaiting;
    for (this.#nrWaiting += nrBits; this.#nrWaiting >= 8; this.#nrWaiting -= 8) {
      this.room[this.#at++] = this.#waiting;
      this.#waiting >>>= 8;
    }
  }

  /** What is no whole byte yet. */
  get rest(): { bits: number; nrBits: number; at: number } {
    return { bits: this.#waiting, nrBits: this.#nrWaiting, at: this.#at };
  }

  bytes(): Uint8Array {
    if (this.#nrWaiting > 0) this.room[this.#at++] = this.#waiting;
    return this.room.slice(0, this.#at);
  }
}

/** Bytes that kernels take; more go the plain way. */
const PIECE_BYTES = 2 ** 18;
const COUNTS_AT = PIECE_BYTES;
const NR_COUNT_ROWS = 4;
const ROWS_AT = COUNTS_AT + NR_COUNT_ROWS * 256 * 4;
const OUT_AT = ROWS_AT + NR_LITERALS * 4;
const OUT_BYTES = HEAD_BYTES_MAX + 2 * PIECE_BYTES + 8;

let kept: KernelMemory | null | undefined;

/** The same by kernels, if there are any and the bytes are not too many. */
export function deflateLiterals(bytes: Uint8Array): Uint8Array {
  if (kept === undefined) kept = kernelMemory(OUT_AT + OUT_BYTES);
  if (kept === null || bytes.length > PIECE_BYTES) return deflateLiteralsPlainly(bytes);
  const { buffer, kernels } = kept;
  const piece = new Uint8Array(buffer, 0, PIECE_BYTES);
  piece.set(bytes);
  const { lengths, rows } = codeOf(countsOf(kept, bytes));
  new Uint32Array(buffer, ROWS_AT, NR_LITERALS).set(rows);
  const out = new Uint8Array(buffer, OUT_AT, OUT_BYTES);
  const head = new BitWriter(out);
  putHead(head, lengths);
  const { bits, nrBits, at } = head.rest;
  const nr = kernels.putCodes(0, bytes.length, ROWS_AT, OUT_AT + at, bits, nrBits);
  return endedBlock(out, 8 * at + nr, rows[END_OF_BLOCK]!);
}

/** How often each of the bytes occurs that stand at the beginning. */
function countsOf({ buffer, kernels }: KernelMemory, bytes: Uint8Array): Uint32Array {
  const inRows = new Uint32Array(buffer, COUNTS_AT, NR_COUNT_ROWS * 256).fill(0);
  const end = bytes.length - (bytes.length % NR_COUNT_ROWS);
  kernels.countBytes(0, end, COUNTS_AT);
  const counts = new Uint32Array(NR_LITERALS);
  for (let at = 0; at < inRows.length; at++) counts[at % 256]! += inRows[at]!;
  for (let at = end; at < bytes.length; at++) counts[bytes[at]!]!++;
  return counts;
}

/** A block of so many bits with the code of its end. What lies behind its last bit may be anything. */
function endedBlock(out: Uint8Array, nrBits: number, row: number): Uint8Array {
  let at = nrBits >>> 3;
  const place = nrBits & 7;
  const past = Math.ceil((nrBits + (row >>> 16)) / 8);
  let bits = (out[at]! & ((1 << place) - 1)) | ((row & 0xffff) << place);
  for (; at < past; at++, bits >>>= 8) out[at] = bits;
  return out.slice(0, past);
}
