/** How a compaction of a zone ended, in the kernel's order: of several zones, the highest counts (enum compact_result). */
export const COMPACT_SKIPPED = 0;
export const COMPACT_DEFERRED = 1;
export const COMPACT_CONTINUE = 2;
/** The scanners have met, having gone over the whole zone. */
export const COMPACT_COMPLETE = 3;
/** They have met, having started in its midst. */
export const COMPACT_PARTIAL_SKIPPED = 4;
/** Stopped early, short of free memory. */
export const COMPACT_CONTENDED = 5;
/** An allocation of the order should succeed now. */
export const COMPACT_SUCCESS = 6;
export type CompactResult = 0 | 1 | 2 | 3 | 4 | 5 | 6;
