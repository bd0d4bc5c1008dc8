/**
 * A recorded run is a row of chunks behind a signature. What goes over a socket to a page that watches is the same chunks,
 * one a message. Whoever reads a file that is still written, or was cut off, stops at the first chunk that is not whole.
 *
 *     file   = "vacate run\n" version:u8 chunk*
 *     chunk  = kind:u8 flags:u8 length:u32 payload
 *
 * Numbers are little-endian. `length` is that of the payload as it stands in the file; with CHUNK_DEFLATED it is raw
 * deflate (RFC 1951), each chunk by itself, so that any of them can be read without those before it; with CHUNK_PALETTES,
 * which version 1 does not have, it is packed as src/simd/palettes.ts says. A file has its
 * chunks in groups, because what is deflated together gets smaller; a reader hands out what is in them.
 */
export const SIGNATURE = 'vacate run\n';
export const RECORDING_VERSION = 2;
/** Files from then on are read. */
export const RECORDING_VERSION_MIN = 1;
export const CHUNK_HEADER_BYTES = 6;
export const CHUNK_DEFLATED = 1;
export const CHUNK_PALETTES = 2;
/** No payload is longer, deflated or not: pages and patches come in pieces. */
export const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;

/** JSON: a `RecordingHeader`. The first chunk, and there is one. */
export const CHUNK_HEADER = 1;
/**
 * A byte for each page (picture/page-bytes.ts) from a pfn on: start:u32, nrPages:u32, bytes. Together they cover memory.
 * Free pages have order 0: readers see their blocks from the pages (picture/free-orders.ts), so nobody has to keep them.
 */
export const CHUNK_PAGES = 2;
/**
 * JSON: a `BlocksSnapshot`: what pageblocks and memory blocks say of themselves. Once when the pages are complete, and
 * again where they have changed otherwise than by range events.
 */
export const CHUNK_BLOCKS = 3;
/** What became of pages: the events of one or more batches, packed (recording/pack-events.ts). */
export const CHUNK_PAGE_EVENTS = 4;
/** JSON: a `TimedRangeEvent`. */
export const CHUNK_RANGE_EVENT = 5;
/** JSON: a `CountersSnapshot`. */
export const CHUNK_COUNTERS = 6;
/**
 * Pages that have changed otherwise than by page events (reclaim, other tasks): runs of start:u32 nrPages:u32 and a byte
 * a page. Orders of free blocks are not in it, as in CHUNK_PAGES.
 */
export const CHUNK_PATCH = 7;
/** JSON: a `RecordingEnd`. The last chunk of a run that came to its end. */
export const CHUNK_END = 8;

/** Other chunks one behind another, none of them deflated or a group. */
export const CHUNK_GROUP = 9;

/** What a chunk is of: one of CHUNK_*. */
export type ChunkKind = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** A chunk as it is meant: unpacked. */
export interface Chunk {
  readonly kind: ChunkKind;
  readonly payload: Uint8Array;
}
