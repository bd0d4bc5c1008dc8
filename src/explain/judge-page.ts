import { type DumpedPage, ISOLATION_FAILED, slabUse, UNMOVABLE_PAGE } from '../kernel-log/index.js';
import { PIN_BIAS } from './references.js';
import { VERDICTS, type VerdictId } from './verdicts.js';

/** ENOMEM, as migrate_pages returns it. */
export const RET_NO_MEMORY = -12;

/** What is known of a page when it is judged. */
export interface Suspect {
  readonly page: DumpedPage | null;
  readonly type: string;
  readonly because: string | null;
  readonly ret: number | null;
  readonly unexplained: number | null;
}

/** Types that keep a page whatever its references say. */
const BY_TYPE: Readonly<Record<string, VerdictId>> = {
  reserved: 'reserved',
  slab: 'slab',
  'page-table': 'page-table',
  kernel: 'kernel',
  balloon: 'balloon',
  poisoned: 'poisoned',
  free: 'being-freed',
};

/** What most likely keeps a page: causes that the kernel prints first, then what its references leave over. */
export function judgePage({ page, type, because, ret, unexplained }: Suspect): VerdictId {
  if (page?.isCma === true && because === UNMOVABLE_PAGE) return 'cma';
  const byType = BY_TYPE[type];
  if (byType !== undefined) return byType;
  if (because === UNMOVABLE_PAGE) return type === 'hugetlb' ? 'hugetlb' : 'kernel';
  if (ret === RET_NO_MEMORY) return type === 'hugetlb' ? 'hugetlb' : 'no-target';
  if (page === null) return 'unknown';
  const aops = page.mapping?.aops ?? '';
  if (aops.startsWith('secretmem')) return 'secret-memory';
  if (/^(?:kvm_)?gmem/.test(aops)) return 'guest-memory';
  if ((page.head?.pincount ?? 0) > 0 || (unexplained ?? 0) >= PIN_BIAS) return 'dma-pin';
  if (page.flags.includes('writeback')) return 'writeback';
  if (type === 'metadata') return 'journal';
  if (page.flags.includes('locked')) return 'locked';
  if (type === 'driver') return 'driver';
  if (because === ISOLATION_FAILED) return 'isolated-elsewhere';
  return judgeByReferences(page, type, unexplained);
}

function judgeByReferences(page: DumpedPage, type: string, unexplained: number | null): VerdictId {
  const isFiles = type === 'file' || type === 'shared-memory';
  if (unexplained === null) return type === 'hugetlb' ? 'hugetlb' : 'unknown';
  if (unexplained > 0) return isFiles ? 'file-reference' : 'short-term-pin';
  if (unexplained < 0) return 'being-freed';
  if (type === 'hugetlb') return 'hugetlb';
  return type === 'file' && page.flags.includes('private') ? 'file-system' : 'explained';
}

/** The verdict's words, with what this page's dump adds to them. */
export function holderOf(verdict: VerdictId, { page, type, unexplained }: Suspect): string {
  const { holder } = VERDICTS[verdict];
  const addition = page === null ? null : additionOf(verdict, page, type, unexplained);
  return addition === null ? holder : `${holder}; ${addition}`;
}

/** "254:0" for a page of a block device: its inode's number is the device's (block/bdev.c bdev_add, MINORBITS 20). */
function deviceOf(page: DumpedPage): string | null {
  if (page.mapping?.aops !== 'def_blk_aops' || page.mapping.ino === null) return null;
  const number = Number.parseInt(page.mapping.ino, 16);
  return number <= 0xffff_ffff ? `${number >>> 20}:${number & 0xf_ffff}` : null;
}

function additionOf(verdict: VerdictId, page: DumpedPage, type: string, unexplained: number | null): string | null {
  switch (verdict) {
    case 'slab': {
      const use = slabUse(page.words);
      if (use === null) return null;
      if (use.inUse === 0)
        return 'none of its objects is in use: echo 1 > /sys/kernel/slab/*/shrink gives such slabs back';
      return `${use.inUse} of its ${use.objects} objects are in use${use.isFrozen ? ', and a CPU allocates from it' : ''}`;
    }
    case 'dma-pin': {
      const pins = page.head?.pincount ?? Math.floor((unexplained ?? 0) / PIN_BIAS);
      return `${pins} ${pins === 1 ? 'pin' : 'pins'}`;
    }
    case 'short-term-pin':
    case 'file-reference':
      return `fewer than the ${PIN_BIAS} that a DMA pin counts, so it is no registered or device memory`;
    case 'page-table':
      return page.pageType === null ? 'the root of one, by its links' : null;
    case 'journal': {
      const device = deviceOf(page);
      const where = device === null ? '' : `it is on the device /dev/block/${device}`;
      const more = (unexplained ?? 0) > 0 ? 'somebody has a reference to the page besides' : '';
      return [where, more].filter((part) => part !== '').join(', and ') || null;
    }
    case 'explained':
      return type === 'unknown' ? 'its type is not known' : null;
    default:
      return null;
  }
}
