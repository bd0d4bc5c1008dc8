import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Kernels, kernelMemory } from './kernels.js';

/**
 * A byte a page, of which bit 0 says that the page is in use; the rest is the caller's.
 *
 * @example
 * const pages: PageBytes = createPageBytes(1024);
 * pages.bytes.length; // 1024
 */
export interface PageBytes {
  readonly bytes: Uint8Array;
  /** Pages in use by pageblock, 0 to 512; the same array each time. */
  countByPageblock(): Uint16Array;
}

/**
 * Bytes for so many pages, all free: for whoever ranks memory by data of his own, without a machine or a host. A terabyte
 * takes 256 MiB, and is counted about as fast as memory can be read. The last pages count only if they make a pageblock.
 *
 * @example
 * const pages = createPageBytes(1024);
 * console.log(pages);
 */
export function createPageBytes(nrPages: number): PageBytes {
  const nrBlocks = Math.floor(nrPages / PAGEBLOCK_PAGES);
  const useAt = Math.ceil(nrPages / PAGEBLOCK_PAGES) * PAGEBLOCK_PAGES;
  const memory = kernelMemory(useAt + nrBlocks * Uint16Array.BYTES_PER_ELEMENT);
  const buffer = memory?.buffer ?? new ArrayBuffer(useAt + nrBlocks * Uint16Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(buffer, 0, nrPages);
  const use = new Uint16Array(buffer, useAt, nrBlocks);
  const count = memory === null ? () => countBytes(bytes, use) : () => countBytesFast(memory.kernels, useAt, nrBlocks);
  return {
    bytes,
    countByPageblock() {
      count();
      return use;
    },
  };
}

/** The reference. */
export function countBytes(bytes: Uint8Array, use: Uint16Array): void {
  for (let block = 0, page = 0; block < use.length; block++) {
    let pages = 0;
    for (const end = page + PAGEBLOCK_PAGES; page < end; page++) pages += bytes[page]! & 1;
    use[block] = pages;
  }
}

function countBytesFast(kernels: Kernels, useAt: number, nrBlocks: number): void {
  kernels.useOfBytes(0, nrBlocks, useAt);
}
