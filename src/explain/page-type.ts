import { type DumpedPage, looksLikePgd, mappingKind } from '../kernel-log/index.js';
import {
  PG_ANON,
  PG_HUGE,
  PG_HWPOISON,
  PG_MOVABLE_OPS,
  PG_OFFLINE,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
} from '../mm/page-flags.js';
import { isOfFile, isSwapCached } from './references.js';

/** Operations of a block device's own page cache: metadata of file systems. */
const BLOCK_DEVICE_AOPS = /^(?:def_blk_aops|blkdev_|bd_aops)/;
/** Metadata that a file system keeps in a mapping of its own. */
const METADATA_AOPS = /^(?:btree_aops|f2fs_meta_aops|f2fs_node_aops|gfs2_meta_aops|gfs2_rgrp_aops|nilfs_|hfs\w*_btree)/;

/** The page types that carry their name in the dump, and what we call them. */
const BY_PAGE_TYPE: Readonly<Record<string, string>> = {
  buddy: 'free',
  offline: 'balloon',
  table: 'page-table',
  slab: 'slab',
  hugetlb: 'hugetlb',
  zsmalloc: 'driver',
};

/** Among what a capture says of a page, the bits that name its type, in the order in which they decide. */
const BY_FLAG: ReadonlyArray<readonly [bit: number, type: string]> = [
  [PG_HWPOISON, 'poisoned'],
  [PG_OFFLINE, 'balloon'],
  [PG_RESERVED, 'reserved'],
  [PG_PGTABLE, 'page-table'],
  [PG_SLAB, 'slab'],
  [PG_HUGE, 'hugetlb'],
  [PG_MOVABLE_OPS, 'driver'],
  [PG_ANON, 'anonymous'],
  [PG_SWAPBACKED, 'shared-memory'],
];

/** True for metadata of a file system: its buffers belong to the file system, and often to its journal. */
export function isMetadataPage(page: DumpedPage): boolean {
  const aops = page.mapping?.aops;
  return aops !== undefined && (BLOCK_DEVICE_AOPS.test(aops) || METADATA_AOPS.test(aops));
}

/**
 * What a page is, in the ids of `vacate inspect`, with "metadata" for those of file systems. The dump decides; what the
 * page was before the attempt fills in what a dump that was cut does not say.
 */
export function typeOfPage(page: DumpedPage | null, flagsBefore: number | null): string {
  if (page === null) return BY_FLAG.find(([bit]) => ((flagsBefore ?? 0) & bit) !== 0)?.[1] ?? 'unknown';
  const { flags } = page;
  if (flags.includes('hwpoison')) return 'poisoned';
  if (flags.includes('reserved')) return 'reserved';
  const named = BY_PAGE_TYPE[page.pageType ?? ''];
  if (named !== undefined) return named;
  if (flags.includes('slab')) return 'slab';
  const aops = page.mapping?.aops ?? '';
  if (aops.startsWith('hugetlbfs')) return 'hugetlb';
  if (((flagsBefore ?? 0) & PG_HUGE) !== 0) return 'hugetlb';
  if (isMetadataPage(page)) return 'metadata';
  if (aops.startsWith('shmem')) return 'shared-memory';
  return typeByMapping(page);
}

function typeByMapping(page: DumpedPage): string {
  if (page.userOf !== null) return isSwapCached(page) ? 'swap-cache' : 'anonymous';
  if (mappingKind(page.words) === 'movable') return 'driver';
  if (isOfFile(page)) return page.flags.includes('swapbacked') ? 'shared-memory' : 'file';
  if (looksLikePgd(page.words)) return 'page-table';
  const isUsers = page.flags.some((flag) => flag === 'lru' || flag === 'swapbacked' || flag === 'swapcache');
  if (isUsers) return page.flags.includes('swapcache') ? 'swap-cache' : 'anonymous';
  return page.refcount === 0 ? 'free' : 'kernel';
}
