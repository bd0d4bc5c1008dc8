import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { CHUNK_PAGES, CHUNK_PATCH, type ChunkKind } from '../recording/chunk.js';
import { packChunk } from '../recording/chunk-writer.js';
import type { PatchRun } from '../recording/patch.js';

/** Pages of a message: small enough that a page can draw what has come before the next is there. */
export const MESSAGE_PAGES = 2 ** 20;
const RUN_HEADER_BYTES = 8;

/** Chunks that say of all pages from the first on what they are, in pieces. */
export function* pagesMessages(pages: Uint8Array, first: Pfn = 0): Generator<Uint8Array> {
  for (let start = first; start < pages.length; start += MESSAGE_PAGES)
    yield pagesMessage(start, pages.subarray(start, start + MESSAGE_PAGES));
}

/** One of them: pages from `start` on. */
export function pagesMessage(start: Pfn, bytes: Uint8Array): Uint8Array {
  return messageOf(CHUNK_PAGES, [{ start, bytes }]);
}

/**
 * Chunks that say what has become of the pageblocks that were changed by chunk number `since` or a later one.
 *
 * @param changed number of the last chunk that changed each pageblock.
 */
export function* patchMessages(pages: Uint8Array, changed: Uint32Array, since: number): Generator<Uint8Array> {
  let runs: PatchRun[] = [];
  let nrPages = 0;
  for (let start = nextChanged(changed, since, 0); start < changed.length; ) {
    const most = start + Math.max(1, Math.floor((MESSAGE_PAGES - nrPages) / PAGEBLOCK_PAGES));
    let end = start + 1;
    while (end < changed.length && end < most && changed[end]! >= since) end++;
    const bytes = pagesIn(pages, start * PAGEBLOCK_PAGES, end * PAGEBLOCK_PAGES);
    runs.push({ start: start * PAGEBLOCK_PAGES, bytes });
    nrPages += bytes.length;
    start = nextChanged(changed, since, end);
    if (nrPages < MESSAGE_PAGES && start < changed.length) continue;
    yield messageOf(CHUNK_PATCH, runs);
    runs = [];
    nrPages = 0;
  }
}

function nextChanged(changed: Uint32Array, since: number, from: number): number {
  let pageblock = from;
  while (pageblock < changed.length && changed[pageblock]! < since) pageblock++;
  return pageblock;
}

function pagesIn(pages: Uint8Array, start: Pfn, end: Pfn): Uint8Array {
  return pages.subarray(start, Math.min(end, pages.length));
}

/** Runs of pages as chunks have them: start:u32 nrPages:u32 and a byte a page. */
function messageOf(kind: ChunkKind, runs: readonly PatchRun[]): Uint8Array {
  const payload = new Uint8Array(runs.reduce((length, { bytes }) => length + RUN_HEADER_BYTES + bytes.length, 0));
  const view = new DataView(payload.buffer);
  let at = 0;
  for (const { start, bytes } of runs) {
    view.setUint32(at, start, true);
    view.setUint32(at + 4, bytes.length, true);
    payload.set(bytes, at + RUN_HEADER_BYTES);
    at += RUN_HEADER_BYTES + bytes.length;
  }
  return packChunk({ kind, payload }, null);
}
