import { assert } from '../base/assert.js';
import {
  CHUNK_DEFLATED,
  CHUNK_GROUP,
  CHUNK_HEADER_BYTES,
  type Chunk,
  PAYLOAD_BYTES_MAX,
  RECORDING_VERSION,
  SIGNATURE,
} from './chunk.js';
import { joined } from './joined.js';

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

/** A group is written when it has so many bytes. */
const GROUP_BYTES = 64 * 1024;

/** Chunks in, bytes of a file out, in groups that are deflated as one. */
export class ChunkWriter {
  #group: Uint8Array[] = [];
  #groupBytes = 0;
  #isBegun = false;

  constructor(
    private readonly write: (bytes: Uint8Array) => void,
    private readonly deflate: Deflate,
  ) {}

  /** Writes a chunk; those that go well together are compressed as one. */
  add(chunk: Chunk): void {
    const bytes = packBytes(chunk.kind, chunk.payload, null);
    if (this.#groupBytes + bytes.length > PAYLOAD_BYTES_MAX) this.flush();
    this.#group.push(bytes);
    this.#groupBytes += bytes.length;
    if (this.#groupBytes >= GROUP_BYTES) this.flush();
  }

  /** Whoever reads the file meanwhile sees everything that was added. */
  flush(): void {
    if (!this.#isBegun) this.write(signatureBytes());
    this.#isBegun = true;
    if (this.#group.length === 0) return;
    const group = joined(this.#group, this.#groupBytes);
    this.#group = [];
    this.#groupBytes = 0;
    this.write(packBytes(CHUNK_GROUP, group, this.deflate));
  }
}

function packBytes(kind: number, payload: Uint8Array, deflate: Deflate | null): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'recorders keep their chunks small');
  const deflated = deflate !== null && payload.length >= WORTH_DEFLATING_BYTES ? deflate(payload) : null;
  const isSmaller = deflated !== null && deflated.length < payload.length;
  const stored = isSmaller ? deflated : payload;
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES + stored.length);
  bytes[0] = kind;
  bytes[1] = isSmaller ? CHUNK_DEFLATED : 0;
  new DataView(bytes.buffer).setUint32(2, stored.length, true);
  bytes.set(stored, CHUNK_HEADER_BYTES);
  return bytes;
}
