import { PG_ACTIVE, PG_ERROR, PG_LOCKED, PG_MMAP, PG_PRIVATE, PG_RECLAIM, PG_REFERENCED } from '../mm/page-flags.js';

/** Bits that say how a page fares, not what it is. */
export const TYPELESS = PG_LOCKED | PG_ERROR | PG_REFERENCED | PG_ACTIVE | PG_RECLAIM | PG_MMAP | PG_PRIVATE;
