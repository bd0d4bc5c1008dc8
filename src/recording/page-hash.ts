import { STATE_PCP } from '../picture/page-bytes.js';
import { KIND_FREE } from '../picture/page-kinds.js';

const FREE_PCP = (STATE_PCP << 4) | KIND_FREE;

/** What is hashed of each byte: all free pages are as of order 0. */
const HASHED = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte & 0x0f) === KIND_FREE && byte !== FREE_PCP ? KIND_FREE : byte,
);
const { imul } = Math;

/** FNV-1a of page bytes, all free pages as of order 0, in 8 hex digits: what a run came to. */
export function hashOfPages(pages: Uint8Array): string {
  const hashed = HASHED;
  let hash = 0x811c9dc5;
  for (let pfn = 0; pfn < pages.length; pfn++) hash = imul(hash ^ hashed[pages[pfn]!]!, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
