import { VacateError } from '../../base/vacate-error.js';
import type { LinuxTree } from '../linux-tree.js';

/** A process may have a million descriptors; those of the first thousands say what kind it is. */
const DESCRIPTORS_MAX = 4096;

/** What /proc/PID/fd shows for files through which a process can hold pages that no mapping shows. */
const WAYS: ReadonlyArray<readonly [pattern: RegExp, way: string]> = [
  [/^pipe:\[/, 'pipe'],
  [/^anon_inode:\[?io_uring\]?$/, 'io_uring'],
  [/^\/dev\/vfio\//, 'VFIO device'],
  [/^\/dev\/infiniband\//, 'RDMA device'],
  [/^anon_inode:\[?kvm-vm\]?$/, 'virtual machine'],
  [/^\/\[aio\]/, 'AIO ring'],
];

/** Open files of a process that can hold pages: "2 pipes", "1 io_uring"; empty if there are none, or it may not be asked. */
export function waysToPin(tree: LinuxTree, pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  const counts = new Map<string, number>();
  for (const name of (ifAllowed(() => tree.list(directory)) ?? []).slice(0, DESCRIPTORS_MAX)) {
    const target = ifAllowed(() => tree.link(`${directory}/${name}`));
    const way = target === null ? undefined : WAYS.find(([pattern]) => pattern.test(target))?.[1];
    if (way !== undefined) counts.set(way, (counts.get(way) ?? 0) + 1);
  }
  return [...counts].map(([way, count]) => `${count} ${way}${count === 1 ? '' : 's'}`);
}

/** The same, asked once of each process: many pages have the same owner. */
export function waysToPinOn(tree: LinuxTree): (pid: number) => readonly string[] {
  const known = new Map<number, readonly string[]>();
  return (pid) => {
    const ways = known.get(pid) ?? waysToPin(tree, pid);
    known.set(pid, ways);
    return ways;
  };
}

/** Processes end, and some may not be looked at. */
function ifAllowed<T>(ask: () => T | null): T | null {
  try {
    return ask();
  } catch (error) {
    if (VacateError.is(error)) return null;
    throw error;
  }
}
