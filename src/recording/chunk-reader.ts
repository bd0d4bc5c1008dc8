import { VacateError } from '../base/vacate-error.js';
import {
  CHUNK_DEFLATED,
  CHUNK_END,
  CHUNK_GROUP,
  CHUNK_HEADER,
  CHUNK_HEADER_BYTES,
  CHUNK_PALETTES,
  type Chunk,
  PAYLOAD_BYTES_MAX,
  RECORDING_VERSION,
  RECORDING_VERSION_MIN,
  SIGNATURE,
} from './chunk.js';
import { damaged } from './damaged.js';
import { unpackPalettes } from './unpack-palettes.js';

/** A payload is packed in one way or not at all. */
const FLAGS: readonly number[] = [0, CHUNK_DEFLATED, CHUNK_PALETTES];

/** The reverse of `Deflate`; throws whatever it likes for what is not deflated, or longer than `bytesMax`. */
export type Inflate = (bytes: Uint8Array, bytesMax: number) => Uint8Array;

/**
 * Bytes of a recorded run in, whole chunks out. What is not whole yet waits; a file that was cut off simply ends.
 *
 * @example
 * const inflate: Inflate = (bytes, maxOutputLength) => inflateRawSync(bytes, { maxOutputLength });
 * const reader = new ChunkReader(inflate);
 * const kinds: ChunkKind[] = [];
 * const writer = new ChunkWriter((bytes) => reader.feed(bytes), deflateRawSync);
 * for (const chunk of chunks) writer.add(chunk);
 * writer.flush();
 * for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) kinds.push(chunk.kind);
 * kinds.length === chunks.length; // true
 */
export class ChunkReader {
  #bytes = new Uint8Array(0);
  /** What of `#bytes` has been read, and what of it holds anything. */
  #at = 0;
  #end = 0;
  #isBegun = false;
  #isInGroup = false;
  /** What of a group has not been handed out. */
  #group: ChunkReader | null = null;
  #bytesRead = 0;

  /** @param inflate null where nothing is deflated, as on a socket. */
  constructor(private readonly inflate: Inflate | null) {}

  /** For chunks that come without the signature of a file. */
  static ofMessages(isInGroup = false): ChunkReader {
    const reader = new ChunkReader(null);
    reader.#isBegun = true;
    reader.#isInGroup = isInGroup;
    return reader;
  }

  /** Bytes up to the end of the last whole chunk. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes that are there of a chunk that is not whole; of a file that is complete, what was cut off. */
  get bytesLeft(): number {
    return this.#end - this.#at;
  }

  /** Takes more of the file, cut anywhere. */
  feed(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(more: number): void {
    const left = this.#end - this.#at;
    const needed = left + more;
    const into = needed > this.#bytes.length ? new Uint8Array(2 * needed) : this.#bytes;
    into.set(this.#bytes.subarray(this.#at, this.#end));
    this.#bytes = into;
    this.#at = 0;
    this.#end = left;
  }

  /**
   * The next chunk, or null if it is not here yet. Its payload is the caller's.
   *
   * @throws VacateError kind 'recording' if this is no recorded run, or none that this version reads.
   */
  next(): Chunk | null {
    for (;;) {
      const grouped = this.#group?.next() ?? null;
      if (grouped !== null) return grouped;
      if (this.#group !== null && this.#group.bytesLeft > 0) throw damaged('a group of chunks breaks off');
      this.#group = null;
      const chunk = this.#nextStored();
      if (chunk === null || chunk.kind !== CHUNK_GROUP) return chunk as Chunk | null;
      this.#group = ChunkReader.ofMessages(true);
      this.#group.feed(chunk.payload);
    }
  }

  #nextStored(): { kind: number; payload: Uint8Array } | null {
    if (!this.#isBegun && !this.#begin()) return null;
    if (this.bytesLeft < CHUNK_HEADER_BYTES) return null;
    const bytes = this.#bytes;
    const kind = bytes[this.#at]!;
    const flags = bytes[this.#at + 1]!;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(this.#at + 2, true);
    const isKnown = kind >= CHUNK_HEADER && (kind <= CHUNK_END || (kind === CHUNK_GROUP && !this.#isInGroup));
    if (!isKnown || !FLAGS.includes(flags) || length > PAYLOAD_BYTES_MAX)
      throw damaged(`there is no chunk at byte ${this.#bytesRead}`);
    if (this.bytesLeft < CHUNK_HEADER_BYTES + length) return null;
    const stored = bytes.slice(this.#at + CHUNK_HEADER_BYTES, this.#at + CHUNK_HEADER_BYTES + length);
    const payload = this.#unpacked(stored, flags);
    this.#pass(CHUNK_HEADER_BYTES + length);
    return { kind, payload };
  }

  #unpacked(stored: Uint8Array, flags: number): Uint8Array {
    if (flags === CHUNK_PALETTES) return unpackPalettes(stored);
    return flags === CHUNK_DEFLATED ? this.#inflated(stored) : stored;
  }

  #inflated(stored: Uint8Array): Uint8Array {
    if (this.inflate === null) throw damaged(`the chunk at byte ${this.#bytesRead} is deflated where none may be`);
    let payload: Uint8Array;
    try {
      payload = this.inflate(stored, PAYLOAD_BYTES_MAX);
    } catch (cause) {
      throw damaged(`the chunk at byte ${this.#bytesRead} cannot be inflated`, cause);
    }
    return payload;
  }

  /** Passes over the signature; false while it is not whole. */
  #begin(): boolean {
    const there = Math.min(SIGNATURE.length, this.bytesLeft);
    for (let i = 0; i < there; i++)
      if (this.#bytes[this.#at + i] !== SIGNATURE.charCodeAt(i))
        throw new VacateError('recording', 'this is no recorded run; record one with --record FILE');
    if (this.bytesLeft <= SIGNATURE.length) return false;
    const version = this.#bytes[this.#at + SIGNATURE.length]!;
    if (version < RECORDING_VERSION_MIN || version > RECORDING_VERSION)
      throw new VacateError(
        'recording',
        `the recording has version ${version}, and this vacate reads versions ${RECORDING_VERSION_MIN} to ${RECORDING_VERSION}; record the run again`,
      );
    this.#pass(SIGNATURE.length + 1);
    this.#isBegun = true;
    return true;
  }

  #pass(nrBytes: number): void {
    this.#at += nrBytes;
    this.#bytesRead += nrBytes;
  }
}

/** The one chunk of a message, as `packChunk` wrote it without deflating. */
export function unpackChunk(message: Uint8Array): Chunk {
  const reader = ChunkReader.ofMessages();
  reader.feed(message);
  const chunk = reader.next();
  if (chunk === null || reader.bytesLeft > 0) throw damaged('a message is not one chunk');
  return chunk;
}
