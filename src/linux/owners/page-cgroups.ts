import { closeSync, openSync, readSync } from 'node:fs';
import type { PageOwner } from '../../mm/page-owners.js';
import type { Pfn } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { WORD_BYTES } from '../pages/page-reader.js';
import { readMemoryCgroups } from './memory-cgroups.js';

/**
 * Which memory cgroup pays for single pages, as /proc/kpagecgroup has it now: the only thing known of pages that nobody
 * maps. Those of which nothing is said are left out.
 */
export function readCgroupsOf(tree: LinuxTree, pfns: readonly Pfn[]): Map<Pfn, PageOwner> {
  const owners = new Map<Pfn, PageOwner>();
  const cgroups = readMemoryCgroups(tree);
  if (cgroups.size === 0 || pfns.length === 0) return owners;
  let file: number;
  try {
    file = openSync(tree.at('/proc/kpagecgroup'), 'r');
  } catch {
    return owners;
  }
  try {
    const word = new Uint32Array(2);
    for (const pfn of pfns) {
      if (readSync(file, word, 0, WORD_BYTES, pfn * WORD_BYTES) < WORD_BYTES) continue;
      const cgroup = cgroups.get(word[0]! + word[1]! * 2 ** 32);
      if (cgroup !== undefined) owners.set(pfn, { pid: null, command: null, mapping: null, cgroup });
    }
  } catch {
    // The kernel says no more than that; what it has said still holds.
  } finally {
    closeSync(file);
  }
  return owners;
}
