import anonymous from '../../plugins/anonymous/index.js';
import devicePinned from '../../plugins/device-pinned/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import hugetlb from '../../plugins/hugetlb/index.js';
import hwpoison from '../../plugins/hwpoison/index.js';
import ksm from '../../plugins/ksm/index.js';
import mlocked from '../../plugins/mlocked/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import offlinePages from '../../plugins/offline-pages/index.js';
import shmem from '../../plugins/shmem/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import thp from '../../plugins/thp/index.js';
import type { PageType } from '../handler/define-page-type.js';

/** The page types that vacate ships, in the order in which they are asked: for kits to which pages are only a means. */
export const SHIPPED_PAGE_TYPES: readonly PageType[] = [
  nonlinear,
  hwpoison,
  offlinePages,
  devicePinned,
  thp,
  ksm,
  mlocked,
  shmem,
  swapBacked,
  anonymous,
  fileBacked,
  movableOps,
  hugetlb,
];
