import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import { HAS_HOLES } from '../mm/pageblock-use.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { type KernelMemory, kernelMemory } from './kernels.js';

/** What kernels read at a time lies in the caches still: 256 KiB of flags. */
const CHUNK_BLOCKS = 128;
const CHUNK_BYTES = CHUNK_BLOCKS * PAGEBLOCK_PAGES * Uint32Array.BYTES_PER_ELEMENT;

/** What stands in each pageblock of `flags`, in the form of src/mm/pageblock-use.ts: pages not free, and if there are holes. */
export function countPageblockUse(flags: Uint32Array, use: Uint16Array): void {
  for (let block = 0, pfn = 0; block < use.length; block++) {
    let pages = 0;
    let any = 0;
    for (const end = pfn + PAGEBLOCK_PAGES; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & FREE_FLAGS) === 0) pages++;
      any |= word;
    }
    use[block] = (any & PG_NOPAGE) === 0 ? pages : pages | HAS_HOLES;
  }
}

/** The same by kernels, which get the flags chunk by chunk: wherever they lie, only one copy of a chunk is made. */
export function countPageblockUseFast(flags: Uint32Array, use: Uint16Array): void {
  const chunk = chunkMemory();
  if (chunk === null) {
    countPageblockUse(flags, use);
    return;
  }
  for (let block = 0; block < use.length; block += CHUNK_BLOCKS) {
    const nrBlocks = Math.min(CHUNK_BLOCKS, use.length - block);
    chunk.words.set(flags.subarray(block * PAGEBLOCK_PAGES, (block + nrBlocks) * PAGEBLOCK_PAGES));
    chunk.kernels.useOfWords(0, nrBlocks, CHUNK_BYTES);
    use.set(nrBlocks === CHUNK_BLOCKS ? chunk.use : chunk.use.subarray(0, nrBlocks), block);
  }
}

/** A chunk of flags, and behind it what kernels say of them. */
interface Chunk {
  readonly kernels: KernelMemory['kernels'];
  readonly words: Uint32Array;
  readonly use: Uint16Array;
}

let kept: Chunk | null | undefined;

function chunkMemory(): Chunk | null {
  if (kept !== undefined) return kept;
  const memory = kernelMemory(CHUNK_BYTES + CHUNK_BLOCKS * Uint16Array.BYTES_PER_ELEMENT);
  if (memory === null) return (kept = null);
  const { buffer, kernels } = memory;
  const words = new Uint32Array(buffer, 0, CHUNK_BYTES / Uint32Array.BYTES_PER_ELEMENT);
  return (kept = { kernels, words, use: new Uint16Array(buffer, CHUNK_BYTES, CHUNK_BLOCKS) });
}
