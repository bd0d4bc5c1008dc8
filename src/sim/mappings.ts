import { VacateError } from '../base/vacate-error.js';
import type { Pfn } from '../mm/units.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine, SCALAR } from './machine.js';
import { returnToPool, takeFromPool } from './pool.js';

/**
 * Mappings: whatever owns pages by index. Each owns a run of 64-page extents on the machine's index line; a page's
 * `index` is its place there, so one word names both page->mapping and page->index.
 */
export const MAPPING_ANON = 1; // anon_vma
export const MAPPING_FILE = 2; // address_space of a file
export const MAPPING_SHMEM = 3; // address_space of a shared-memory file: swap-backed
export const MAPPING_DRIVER = 4; // a driver's pool of movable pages (movable_operations)
export const MAPPING_KSM = 5; // the stable nodes of KSM, one place each
export const MAPPING_HUGETLB = 6; // address_space of a hugetlbfs file: in memory in huge pages, and nowhere else
export type MappingKind = 1 | 2 | 3 | 4 | 5 | 6;

export function createMapping(m: Machine, kind: MappingKind, nrPages: number): number {
  const mapping = takeFromPool(m, m.mapNext, SCALAR.mapFree, SCALAR.mapFill, 'mappings');
  const nrExtents = Math.max(1, Math.ceil(nrPages / EXTENT_PAGES));
  const extent = takeExtents(m, nrExtents);
  m.extentMapping.fill(mapping, extent, extent + nrExtents);
  m.mapKind[mapping] = kind;
  m.mapBase[mapping] = extent << EXTENT_SHIFT;
  m.mapPages[mapping] = nrPages;
  m.mapRoot[mapping] = mapping;
  return mapping;
}

/** Frees a mapping that has no links and no pages left; otherwise it stays. */
export function releaseMapping(m: Machine, mapping: number): void {
  if (m.mapLinks[mapping] !== 0 || m.mapCached[mapping] !== 0) return;
  const first = m.mapBase[mapping]! >>> EXTENT_SHIFT;
  m.extentMapping.fill(0, first, first + Math.max(1, Math.ceil(m.mapPages[mapping]! / EXTENT_PAGES)));
  m.mapKind[mapping] = 0;
  m.mapBase[mapping] = 0;
  m.mapPages[mapping] = 0;
  m.mapHuge[mapping] = 0;
  returnToPool(m, m.mapNext, SCALAR.mapFree, mapping);
}

function takeExtents(m: Machine, nr: number): number {
  const fill = m.scalars[SCALAR.extentFill]!;
  if (fill + nr <= m.extentMapping.length) {
    m.scalars[SCALAR.extentFill] = fill + nr;
    return fill;
  }
  for (let start = 1, run = 0, at = 1; at < m.extentMapping.length; at++) {
    run = m.extentMapping[at] === 0 ? run + 1 : 0;
    if (run === 0) start = at + 1;
    else if (run === nr) return start;
  }
  throw new VacateError(
    'limit',
    'the machine has no room for another mapping; raise capacity.extents when building it',
  );
}

/** The mapping that owns a place on the index line; 0 for none. */
export function mappingAt(m: Machine, index: number): number {
  return m.extentMapping[index >>> EXTENT_SHIFT]!;
}

export function mappingOfPage(m: Machine, pfn: Pfn): number {
  const index = m.index[pfn]!;
  return index === 0 ? 0 : mappingAt(m, index);
}

/** Gives a page its place; the mapping counts its pages. */
export function setIndex(m: Machine, pfn: Pfn, index: number): void {
  m.index[pfn] = index;
  const mapping = mappingAt(m, index);
  m.mapCached[mapping] = m.mapCached[mapping]! + 1;
}

/** Another page moves into the place of this one: it is counted there no more, and nothing else changes. */
export function handOverIndex(m: Machine, source: Pfn, target: Pfn): void {
  m.index[target] = m.index[source]!;
  m.index[source] = 0;
}

/** Takes it away again; an anon_vma that was waiting for its last page goes with it. */
export function clearIndex(m: Machine, pfn: Pfn): void {
  const index = m.index[pfn]!;
  if (index === 0) return;
  const mapping = mappingAt(m, index);
  m.index[pfn] = 0;
  m.mapCached[mapping] = m.mapCached[mapping]! - 1;
  if (m.mapKind[mapping] === MAPPING_ANON) releaseMapping(m, mapping);
}

/** Links a VMA to a mapping (anon_vma_chain, or the i_mmap tree of a file). */
export function linkVma(m: Machine, vma: number, mapping: number): void {
  const link = takeFromPool(m, m.linkNext, SCALAR.linkFree, SCALAR.linkFill, 'VMA links');
  m.linkVma[link] = vma;
  m.linkMapping[link] = mapping;
  m.linkNext[link] = m.mapLinks[mapping]!;
  m.mapLinks[mapping] = link;
  m.linkVmaNext[link] = m.vmaLinks[vma]!;
  m.vmaLinks[vma] = link;
}

/** Unlinks a VMA from every mapping (unlink_anon_vmas, unlink_file_vma). */
export function unlinkVma(m: Machine, vma: number): void {
  for (let link = m.vmaLinks[vma]!; link !== 0; ) {
    const nextOfVma = m.linkVmaNext[link]!;
    const mapping = m.linkMapping[link]!;
    removeFromMapping(m, mapping, link);
    m.linkVma[link] = 0;
    m.linkMapping[link] = 0;
    m.linkVmaNext[link] = 0;
    returnToPool(m, m.linkNext, SCALAR.linkFree, link);
    if (m.mapKind[mapping] === MAPPING_ANON) releaseMapping(m, mapping);
    link = nextOfVma;
  }
  m.vmaLinks[vma] = 0;
}

function removeFromMapping(m: Machine, mapping: number, link: number): void {
  let at = m.mapLinks[mapping]!;
  if (at === link) {
    m.mapLinks[mapping] = m.linkNext[link]!;
    return;
  }
  while (m.linkNext[at] !== link) at = m.linkNext[at]!;
  m.linkNext[at] = m.linkNext[link]!;
}
