import type { BlockScan } from './block-scan.js';
import type { KernelSaid } from './kernel-said.js';
import { MOVES, PINNED, TOUCHED } from './page-class.js';
import type { ExtraReferences, NotKnowable } from './verdict.js';

/** Said with every forecast of a real machine. */
export const NOT_KNOWABLE: NotKnowable = {
  because:
    'extra references cannot be seen from outside the kernel: a page that vmsplice, direct I/O, io_uring or a driver ' +
    'holds looks like any other, and does not move until it is let go; zone Movable keeps out long-term pins only',
  whatWouldShow: [
    'an attempt: the kernel tries such pages again and again, and dmesg names them ("migration failure", refcount ' +
      'above mapcount + 1); give it a time limit',
    'a dry run of the migration alone: move_pages(2) or migrate_pages(2) for the processes that map them; a page that ' +
      'stays with EBUSY or EAGAIN is held',
    'who does such I/O: pipes, io_uring and RDMA or vfio devices among /proc/PID/fd and /proc/PID/fdinfo',
    'the page itself: its refcount in drgn or crash (/proc/kcore), against mappings and caches',
  ],
};

/** For a simulated machine, which shows its references. */
export const ALL_KNOWN: NotKnowable = {
  because: 'nothing: a simulated machine shows every reference',
  whatWouldShow: [],
};

/** What hints at extra references in a block, and what speaks against them. */
export function extraReferencesIn(scan: BlockScan, isInMovable: boolean, said: KernelSaid | null): ExtraReferences {
  const { counts } = scan;
  const pages = counts[MOVES]! + counts[TOUCHED]! + counts[PINNED]!;
  if (said === null || pages === 0)
    return { pages: said === null ? counts[PINNED]! : 0, evidenceFor: [], evidenceAgainst: [] };
  const evidenceFor: string[] = [];
  const evidenceAgainst: string[] = [];
  const { nrPinned, nrScanned } = said;
  const touched = counts[TOUCHED]!;
  const touchedText = `${touched.toLocaleString('en-US')} anonymous page${touched === 1 ? ' is' : 's are'} marked as referenced`;
  if (nrScanned === 0 && touched > 0)
    evidenceFor.push(`${touchedText}, and reclaim, which marks them too, has never run: get_user_pages went to them`);
  else if (nrScanned === 0) evidenceAgainst.push('no anonymous page has been referenced through get_user_pages');
  else if (touched > 0) evidenceFor.push(`${touchedText}; reclaim has run, so this is a weak sign`);
  if (nrPinned !== null && nrPinned > 0)
    evidenceFor.push(
      `${nrPinned.toLocaleString('en-US')} pages of the machine are pinned through pin_user_pages (vmstat), somewhere`,
    );
  else if (nrPinned === 0) evidenceAgainst.push('no page of the machine is pinned through pin_user_pages (vmstat)');
  if (isInMovable)
    evidenceAgainst.push(
      'the zone is Movable: long-term pins (RDMA, vfio, registered buffers) move pages out of it first',
    );
  return { pages, evidenceFor, evidenceAgainst };
}
