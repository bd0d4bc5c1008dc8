import type { LinuxTree } from '../linux-tree.js';

const KIB = 1024;
/** Larger than any base page of any kernel. */
const PAGE_BYTES_MAX = 256 * KIB;

/**
 * Bytes of a base page; null if nothing tells. A process says it of its own mappings (the first of them is never huge);
 * a copied tree that has no process still has total memory in KiB and in pages.
 */
export function pageBytesOf(tree: LinuxTree): number | null {
  const mapping = tree.text('/proc/self/smaps') ?? '';
  const kernelPageKiB = /^KernelPageSize:\s+(\d{1,6}) kB$/m.exec(mapping)?.[1];
  if (kernelPageKiB !== undefined) return Number(kernelPageKiB) * KIB;
  const totalKiB = /^MemTotal:\s+(\d{1,15}) kB$/m.exec(tree.text('/proc/meminfo') ?? '')?.[1];
  // Spaces only: what goes over the ends of lines takes time in proportion to the square of empty ones.
  const managed = [...(tree.text('/proc/zoneinfo') ?? '').matchAll(/^ +managed +(\d{1,15})$/gm)];
  const nrPages = managed.reduce((sum, [, pages]) => sum + Number(pages), 0);
  if (totalKiB === undefined || nrPages === 0) return null;
  const bytes = 2 ** Math.round(Math.log2((Number(totalKiB) * KIB) / nrPages));
  return bytes >= KIB && bytes <= PAGE_BYTES_MAX ? bytes : null;
}
