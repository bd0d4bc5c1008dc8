/**
 * How the per-CPU lists of a zone's free pages behave (struct per_cpu_pages): they are refilled by batches, and flushed
 * when they hold `high` pages, the coldest first.
 */
export interface PcpShape {
  readonly batch: number;
  /** By CPU, pages. */
  readonly high: readonly number[];
  /** Where the kernel tunes `high` by itself, so far it may rise (since Linux 6.7); `high` of its own where not. */
  readonly highMax: number;
  /**
   * How much goes in a flush. `doubling`: a batch at first, twice as much each time that no allocation came between, up to
   * 32 batches (Linux 5.14 to 6.6, pcp->free_factor); `counting`: as much as was freed in a row (since 6.7, free_count).
   */
  readonly flush: 'doubling' | 'counting';
}

/** A flush grows up to 2^5 batches (CONFIG_PCP_BATCH_SCALE_MAX). */
export const PCP_BATCH_SCALE_MAX = 5;
