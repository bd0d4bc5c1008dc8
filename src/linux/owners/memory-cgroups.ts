import { lstatSync } from 'node:fs';
import { printable } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { LinuxTree } from '../linux-tree.js';

/** Where memory cgroups may be: version 1 has a hierarchy for memory, version 2 one for everything. */
const HIERARCHIES = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'];
/** Hosts with this many are known to have leaked them. */
const CGROUPS_MAX = 100_000;

/**
 * Paths of memory cgroups by the inode number of their directory, which is what /proc/kpagecgroup has for each page
 * (Documentation/admin-guide/mm/pagemap.rst). The root is "/".
 */
export function readMemoryCgroups(tree: LinuxTree): Map<number, string> {
  const cgroups = new Map<number, string>();
  const top = HIERARCHIES.find((path) => tree.has(`${path}/cgroup.procs`));
  if (top === undefined) return cgroups;
  const left = ['/'];
  for (let path = left.pop(); path !== undefined && cgroups.size < CGROUPS_MAX; path = left.pop()) {
    const directory = path === '/' ? top : `${top}${path}`;
    const inode = inodeOf(tree, directory);
    if (inode === null) continue;
    cgroups.set(inode, printable(path));
    for (const name of namesIn(tree, directory)) left.push(path === '/' ? `/${name}` : `${path}/${name}`);
  }
  return cgroups;
}

/** Null for what is no directory, or no longer there; links are not followed. */
function inodeOf(tree: LinuxTree, path: string): number | null {
  const stats = lstatSync(tree.at(path), { throwIfNoEntry: false });
  return stats?.isDirectory() === true ? stats.ino : null;
}

/** Files of a cgroup have a dot in their name, and slices do too: those without are left to `inodeOf`, as are these. */
function namesIn(tree: LinuxTree, path: string): string[] {
  try {
    return (tree.list(path) ?? []).filter((name) => !/^(cgroup|memory|cpu|io|pids|hugetlb|misc|rdma)\./.test(name));
  } catch (cause) {
    if (VacateError.is(cause)) return [];
    throw cause;
  }
}
