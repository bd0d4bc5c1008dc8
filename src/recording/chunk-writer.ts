import { assert } from '../base/assert.js';
import { deflateLiterals } from '../simd/deflate-literals.js';
import { packPalettes } from '../simd/palettes.js';
import {
  CHUNK_DEFLATED,
  CHUNK_GROUP,
  CHUNK_HEADER_BYTES,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PALETTES,
  type Chunk,
  PAYLOAD_BYTES_MAX,
  RECORDING_VERSION,
  SIGNATURE,
} from './chunk.js';

/** Raw deflate (RFC 1951), at whatever level. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Smaller payloads do not get smaller. */
const WORTH_DEFLATING_BYTES = 64;

/** What a file begins with. */
export function signatureBytes(): Uint8Array {
  return Uint8Array.of(...Array.from(SIGNATURE, (letter) => letter.charCodeAt(0)), RECORDING_VERSION);
}

/** A chunk as it stands in a file or in a message; deflated if that is passed in and makes it smaller. */
export function packChunk({ kind, payload }: Chunk, deflate: Deflate | null): Uint8Array {
  return packBytes(kind, payload, deflate);
}

/** A chunk for whoever keeps a run in memory: small, and read again without an inflater. */
export function packKept({ kind, payload }: Chunk): Uint8Array {
  return kind === CHUNK_PAGES ? packPages(payload) : packBytes(kind, payload, null);
}

/** From so many bytes on a Huffman code is worth its table. */
const WORTH_A_CODE_BYTES = 4096;
/** A group is written when it has so many bytes. */
const GROUP_BYTES = 64 * 1024;

/** What goes into a file next: a group, not deflated yet and without what says that it is a group, or a chunk as it stands there. */
export interface Written {
  readonly bytes: Uint8Array;
  readonly isGroup: boolean;
}

/** Chunks in, groups of them out, each an array of its own. What is packed otherwise comes by itself: pages in the beginning, and page events if they are many. */
export class ChunkGroups {
  /** What has been added since the last group, at the beginning of it. */
  #group = new Uint8Array(2 * GROUP_BYTES);
  #groupBytes = 0;

  constructor(private readonly write: (written: Written) => void) {}

  add({ kind, payload }: Chunk): void {
    if (kind === CHUNK_PAGES || (kind === CHUNK_PAGE_EVENTS && payload.length >= WORTH_A_CODE_BYTES)) {
      this.flush();
      this.write({ bytes: kind === CHUNK_PAGES ? packPages(payload) : packEvents(payload), isGroup: false });
      return;
    }
    assert(payload.length <= PAYLOAD_BYTES_MAX, 'recorders keep their chunks small');
    const nrBytes = CHUNK_HEADER_BYTES + payload.length;
    if (this.#groupBytes + nrBytes > PAYLOAD_BYTES_MAX) this.flush();
    this.#makeRoom(nrBytes);
    putHeader(this.#group, this.#groupBytes, { kind, flags: 0, length: payload.length });
    this.#group.set(payload, this.#groupBytes + CHUNK_HEADER_BYTES);
    this.#groupBytes += nrBytes;
    if (this.#groupBytes >= GROUP_BYTES) this.flush();
  }

  flush(): void {
    if (this.#groupBytes === 0) return;
    const bytes = this.#group.slice(0, this.#groupBytes);
    this.#groupBytes = 0;
    this.write({ bytes, isGroup: true });
  }

  /** A group that was longer than others leaves its place to the next. */
  #makeRoom(nrBytes: number): void {
    const needed = this.#groupBytes + nrBytes;
    if (needed <= this.#group.length) return;
    const larger = new Uint8Array(needed);
    larger.set(this.#group.subarray(0, this.#groupBytes));
    this.#group = larger;
  }
}

/** A chunk of pages as it stands in a file: a byte a page has few different values. */
function packPages(payload: Uint8Array): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'recorders keep their chunks small');
  const packed = packPalettes(payload);
  if (packed.length >= payload.length) return packStored(CHUNK_PAGES, payload, null);
  return withHeader({ kind: CHUNK_PAGES, flags: CHUNK_PALETTES }, packed);
}

/** Distances repeat themselves by chance alone: a code of their own is all that makes them smaller. */
function packEvents(payload: Uint8Array): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'recorders keep their chunks small');
  return packStored(CHUNK_PAGE_EVENTS, payload, deflateLiterals(payload));
}

/** A group as it stands in a file: deflated, if that is at hand and smaller. */
export function packGroup(group: Uint8Array, deflated: Uint8Array | null): Uint8Array {
  return packStored(CHUNK_GROUP, group, deflated);
}

/** Smaller groups are deflated at once: a deflater by zlib takes a quarter of a megabyte and some time to make. */
const WORTH_ZLIB_BYTES = 16 * 1024;

/** True for a group that is worth zlib's time. */
export function isWorthZlib({ length }: Uint8Array): boolean {
  return length >= WORTH_ZLIB_BYTES;
}

/** A small group as it stands in a file. */
export function packSmallGroup(group: Uint8Array): Uint8Array {
  return packGroup(group, group.length < WORTH_DEFLATING_BYTES ? null : deflateLiterals(group));
}

/**
 * Chunks in, bytes of a file out, in groups that are deflated as one.
 *
 * @example
 * const parts: Uint8Array[] = [];
 * const deflate: Deflate = (bytes) => deflateRawSync(bytes);
 * const writer = new ChunkWriter((bytes) => parts.push(bytes), deflate);
 * for (const chunk of chunks) writer.add(chunk);
 * writer.flush();
 * parts.length > 0; // true
 */
export class ChunkWriter {
  readonly #groups: ChunkGroups;
  #isBegun = false;

  constructor(
    private readonly write: (bytes: Uint8Array) => void,
    deflate: Deflate,
  ) {
    this.#groups = new ChunkGroups(({ bytes, isGroup }) => {
      this.#begin();
      write(isGroup ? packBytes(CHUNK_GROUP, bytes, deflate) : bytes);
    });
  }

  /** Writes a chunk; those that go well together are compressed as one. */
  add(chunk: Chunk): void {
    this.#groups.add(chunk);
  }

  /** Whoever reads the file meanwhile sees everything that was added. */
  flush(): void {
    this.#begin();
    this.#groups.flush();
  }

  #begin(): void {
    if (!this.#isBegun) this.write(signatureBytes());
    this.#isBegun = true;
  }
}

function packBytes(kind: number, payload: Uint8Array, deflate: Deflate | null): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'recorders keep their chunks small');
  return packStored(
    kind,
    payload,
    deflate !== null && payload.length >= WORTH_DEFLATING_BYTES ? deflate(payload) : null,
  );
}

function packStored(kind: number, payload: Uint8Array, deflated: Uint8Array | null): Uint8Array {
  const isSmaller = deflated !== null && deflated.length < payload.length;
  return withHeader({ kind, flags: isSmaller ? CHUNK_DEFLATED : 0 }, isSmaller ? deflated : payload);
}

function withHeader(facts: Pick<ChunkFacts, 'kind' | 'flags'>, stored: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES + stored.length);
  putHeader(bytes, 0, { ...facts, length: stored.length });
  bytes.set(stored, CHUNK_HEADER_BYTES);
  return bytes;
}

interface ChunkFacts {
  readonly kind: number;
  readonly flags: number;
  readonly length: number;
}

function putHeader(bytes: Uint8Array, at: number, { kind, flags, length }: ChunkFacts): void {
  bytes[at] = kind;
  bytes[at + 1] = flags;
  for (let byte = 0; byte < 4; byte++) bytes[at + 2 + byte] = length >>> (8 * byte);
}
