import type { Pfn } from './units.js';

/** Who has a page, as far as /proc tells. */
export interface PageOwner {
  /** Id of the process that maps it; null for a page that none was seen to map. */
  readonly pid: number | null;
  /** The process's name (/proc/PID/comm), or null. */
  readonly command: string | null;
  /** What is mapped there: a file's path, "[heap]", "[stack]", or "[anon]". Null if not known. */
  readonly mapping: string | null;
  /** Path of its memory cgroup, "/system.slice/redis.service"; null if not known. */
  readonly cgroup: string | null;
}

/** Owners by page. Several processes may map a page; these are those that were seen to. */
export interface PageOwners {
  /** Empty if nobody was seen to have it. */
  ownersOf(pfn: Pfn): readonly PageOwner[];
}
