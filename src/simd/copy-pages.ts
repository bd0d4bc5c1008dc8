import { PAGE_SIZE } from '../mm/units.js';
import type { Kernels } from './kernels.js';

/** A page in units of 8 bytes: even in 8 GiB, places are small integers to V8. */
const PAGE_DOUBLES = PAGE_SIZE / Float64Array.BYTES_PER_ELEMENT;

/**
 * Copies pages of 4 KiB, pairwise and in no particular order: no page is both a source and a target. `pages` are whole
 * pages from the start of memory, as units of 8 bytes that nobody looks into.
 */
export function copyPages(pages: Float64Array, sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
  for (let i = 0; i < nrPages; i++) {
    const from = sources[i]! * PAGE_DOUBLES;
    pages.copyWithin(targets[i]! * PAGE_DOUBLES, from, from + PAGE_DOUBLES);
  }
}

/**
 * The same by kernels over that memory. Four pages go at once, a quarter of the list apart: neighbours in the list are
 * often neighbours in memory, and would compete for the same prefetcher.
 */
export function copyPagesFast(kernels: Kernels, sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
  const b = nrPages >>> 2;
  const c = 2 * b;
  const d = 3 * b;
  for (let i = 0; i < b; i++)
    kernels.copyFourPages(
      sources[i]!,
      sources[b + i]!,
      sources[c + i]!,
      sources[d + i]!,
      targets[i]!,
      targets[b + i]!,
      targets[c + i]!,
      targets[d + i]!,
    );
  for (let i = 4 * b; i < nrPages; i++) kernels.copyPage(sources[i]!, targets[i]!);
}
