import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { byteOfFlags, writeMemoryBytes } from '../picture/page-bytes.js';
import { LOOK_PAGES, PageLooks } from '../simd/page-looks.js';

/** Pages that are read at a time. */
export const PIECE_PAGES = LOOK_PAGES;

let kept: PageLooks | null | undefined;

/** Those of this thread; null where there are no kernels. */
export function looks(): PageLooks | null {
  kept ??= PageLooks.open(byteOfFlags);
  return kept;
}

/** Bytes of the pages [start, end), PIECE_PAGES at most, as `writeMemoryBytes` has them. They stay until the next are read. */
export function readPiece(flags: Uint32Array, zones: readonly PfnRange[], start: Pfn, end: Pfn): Uint8Array {
  const bytes = looks()?.bytesOf(flags, start, end);
  if (bytes === undefined) {
    const plain = new Uint8Array(end - start);
    writeMemoryBytes(flags, zones, start, end, plain, 0);
    return plain;
  }
  let past = start;
  for (const zone of [...zones].sort((a, b) => a.start - b.start)) {
    if (zone.start > past) bytes.fill(0, past - start, Math.min(zone.start, end) - start);
    past = Math.min(Math.max(past, zone.end), end);
  }
  bytes.fill(0, past - start);
  return bytes;
}
