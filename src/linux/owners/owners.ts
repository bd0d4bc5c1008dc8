import { setImmediate } from 'node:timers/promises';
import { NO_OWNERS, OwnerSets, type PageOwner, type PageOwners } from '../../mm/page-owners.js';
import { MAX_PFN, PAGE_SIZE, type Pfn } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { pageBytesOf } from '../pages/page-size.js';
import { readCgroupsOf } from './page-cgroups.js';
import { type OwnersFound, Pagemap } from './pagemap.js';
import { cgroupOf, commandOf, listProcesses, type Mapping, mappingsOf, residentPages } from './processes.js';

/**
 * Looked at in one go: 4 GiB. Of larger mappings only as much as is in memory: runtimes reserve terabytes, and the
 * kernel takes 10 ns for a page that is not there.
 */
const SLICE_PAGES = 1024 * 1024;
/** So much of one process is looked at: 1 TiB, some seconds. */
const PROCESS_PAGES_MAX = 256 * 1024 * 1024;
/** Of so many pages that nobody maps it is asked one by one who pays for them. */
const UNMAPPED_MAX = 100_000;
/** Signals get their turn this often. */
const BREATHE_MS = 50;

export interface FindOwnersOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((nrProcesses: number, nrProcessesTotal: number) => void) | undefined;
}

/** What a look at all processes gave. */
export interface FoundOwners extends OwnersFound {
  readonly nrProcesses: number;
  /** Pages that are present without saying where: whoever looks has not the rights. */
  readonly nrHidden: number;
}

/**
 * Which processes map these pages, now: for whoever has to name the owners of some, without a capture of all. Of pages
 * that nobody maps, as those of files that were only read, the memory cgroup is known, if that.
 *
 * @throws the signal's reason if it is aborted.
 */
export async function findOwners(
  tree: LinuxTree,
  wanted: ArrayLike<Pfn>,
  options: FindOwnersOptions = {},
): Promise<PageOwners> {
  let nrPfns = 0;
  for (let at = 0; at < wanted.length; at++) nrPfns = Math.max(nrPfns, Math.min(MAX_PFN, wanted[at]!) + 1);
  const bits = new Uint8Array((nrPfns + 7) >>> 3);
  for (let at = 0; at < wanted.length; at++) {
    const pfn = wanted[at]!;
    if (pfn < nrPfns) bits[pfn >>> 3] = bits[pfn >>> 3]! | (1 << (pfn & 7));
  }
  const { sets, pages } = await lookAtProcesses(tree, nrPfns, bits, options);
  const unmapped = Array.from(wanted).filter((pfn) => (pages[pfn] ?? NO_OWNERS) === NO_OWNERS);
  const charged = readCgroupsOf(tree, unmapped.slice(0, UNMAPPED_MAX));
  return {
    ownersOf(pfn) {
      const owner = charged.get(pfn);
      return owner === undefined ? sets.ownersIn(pages[pfn] ?? NO_OWNERS) : [owner];
    },
  };
}

/** Which processes map any of the first `nrPfns` pages. @throws the signal's reason if it is aborted. */
export async function findAllOwners(
  tree: LinuxTree,
  nrPfns: number,
  options: FindOwnersOptions = {},
): Promise<FoundOwners> {
  return lookAtProcesses(tree, nrPfns, null, options);
}

async function lookAtProcesses(
  tree: LinuxTree,
  nrPfns: number,
  wanted: Uint8Array | null,
  { signal, onProgress }: FindOwnersOptions,
): Promise<FoundOwners> {
  const found: OwnersFound = { sets: new OwnerSets(), pages: new Uint32Array(nrPfns), wanted };
  const pageBytes = pageBytesOf(tree) ?? PAGE_SIZE;
  const pids = listProcesses(tree);
  let nrProcesses = 0;
  let nrHidden = 0;
  let breath = performance.now();
  for (const [at, pid] of pids.entries()) {
    for (const looked of lookAtProcess(tree, pid, pageBytes, found)) {
      nrHidden += looked.nrHidden;
      if (looked.isLast) nrProcesses++;
      if (performance.now() - breath < BREATHE_MS) continue;
      await setImmediate();
      signal?.throwIfAborted();
      breath = performance.now();
      onProgress?.(at, pids.length);
    }
  }
  signal?.throwIfAborted();
  onProgress?.(pids.length, pids.length);
  return { ...found, nrProcesses, nrHidden };
}

/** Slice by slice, so that a large process can be interrupted; nothing for a thread of the kernel's. */
function* lookAtProcess(tree: LinuxTree, pid: number, pageBytes: number, found: OwnersFound) {
  const mappings = mappingsOf(tree, pid, pageBytes);
  if (mappings === null || mappings.length === 0) return;
  const pagemap = Pagemap.open(tree, pid);
  if (pagemap === null) return;
  try {
    const isVast = mappings.some(({ nrPages }) => nrPages > SLICE_PAGES);
    const resident = isVast ? residentPages(tree, pid, pageBytes) : null;
    const ownerOf = ownersByName(tree, pid, found.sets);
    let left = PROCESS_PAGES_MAX;
    for (const mapping of mappings) {
      const { firstPage, nrPages } = mapping;
      let awaited = nrPages > SLICE_PAGES ? (resident?.get(firstPage) ?? 0) : nrPages;
      const owner = awaited === 0 ? null : ownerOf(mapping);
      if (owner === null) continue;
      for (let from = 0; from < nrPages && awaited > 0 && left > 0; from += SLICE_PAGES) {
        const slice = { firstPage: firstPage + from, nrPages: Math.min(SLICE_PAGES, nrPages - from) };
        const { nrPresent, nrHidden } = pagemap.record(slice, owner, found);
        awaited -= nrPresent;
        left -= slice.nrPages;
        yield { nrHidden, isLast: false };
      }
    }
    yield { nrHidden: 0, isLast: true };
  } finally {
    pagemap.close();
  }
}

/** One owner for all mappings of a name; null when there are too many of them. */
function ownersByName(tree: LinuxTree, pid: number, sets: OwnerSets): (mapping: Mapping) => number | null {
  const process = { pid, command: commandOf(tree, pid), cgroup: cgroupOf(tree, pid) };
  const known = new Map<string, number | null>();
  return ({ name }) => {
    let owner = known.get(name);
    if (owner === undefined) {
      const { command, cgroup } = process;
      const named: PageOwner = { pid, command, mapping: name, cgroup };
      owner = sets.addOwner(named);
      known.set(name, owner);
    }
    return owner;
  };
}
