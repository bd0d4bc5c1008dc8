import type { MemoryHost } from '../../../host/memory-host.js';
import {
  PG_ANON,
  PG_BUDDY,
  PG_HEAD,
  PG_HUGE,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_NONLINEAR,
  PG_NOPAGE,
  PG_RESERVED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_WRITEBACK,
} from '../../../mm/page-flags.js';
import type { Pfn } from '../../../mm/units.js';
import type { Reasons } from '../page-tally.js';
import type { Deviations } from './switches.js';

/** Why a page is not moved, before anybody else is asked. */
export const REASONS = {
  locked: { kind: 'retry', because: 'locked, and nothing waits for it' },
  reserved: { kind: 'permanent', because: 'reserved, or no memory at all' },
  writeback: { kind: 'retry', because: 'under writeback, and nothing waits for it' },
  'not-on-lru': { kind: 'retry', because: 'on no LRU list: kernel memory, or on its way there' },
  'on-per-cpu-list': { kind: 'retry', because: 'free, but not in buddy: on its way to a per-CPU list or from one' },
  compound: { kind: 'permanent', because: 'part of a compound page, of which the code of 2004 knows nothing' },
  'cow-shared': { kind: 'retry', because: 'mapped by several processes since a fork; only pages with one owner go' },
  pinned: { kind: 'retry', because: 'more references than one mapping and a cache explain' },
  unmapped: {
    kind: 'retry',
    because: 'in the swap cache and mapped by nobody, which its count is not expected to say',
  },
  mlocked: { kind: 'permanent', because: 'locked into memory by its owner (VM_LOCKED)' },
  truncated: { kind: 'retry', because: 'of no mapping any more: truncated' },
  nonlinear: { kind: 'permanent', because: 'its file is mapped through a nonlinear VMA' },
  'mapped-file': { kind: 'retry', because: 'a file page that somebody maps, refused by its count' },
  'out-of-zone': { kind: 'permanent', because: 'beyond the end of the zone' },
  'no-target': { kind: 'retry', because: 'the allocator has no page to move it to' },
} satisfies Reasons<string>;
export type Reason = keyof typeof REASONS;

/** The page is free in buddy, or is taken for free. */
export const FREE = 'free';
/** On a per-CPU list: free, and useless until it is drained. */
export const ON_PCP = 'on-pcp';
export const MOVABLE = 'movable';
export type Verdict = Reason | typeof FREE | typeof ON_PCP | typeof MOVABLE;

const NOT_THERE = PG_RESERVED | PG_NOPAGE;
const COMPOUND = PG_HEAD | PG_TAIL | PG_HUGE;

/** Would can_move_page() move it now? Its checks in its order; what it was meant to say where it says something else. */
export function movability(host: MemoryHost, on: Deviations, pfn: Pfn): Verdict {
  const { flags: allFlags, count: counts } = host.columns;
  const flags = allFlags[pfn]!;
  const count = counts[pfn]!;
  if ((flags & PG_LOCKED) !== 0) return 'locked';
  if ((flags & NOT_THERE) !== 0) return 'reserved';
  if ((flags & PG_WRITEBACK) !== 0) return 'writeback';
  if (count === 0) return (flags & PG_BUDDY) !== 0 ? FREE : ON_PCP;
  if ((flags & PG_LRU) === 0) return 'not-on-lru';
  if ((flags & COMPOUND) !== 0) return 'compound';
  return (flags & PG_ANON) !== 0 ? anonymous(host, on, pfn) : file(host, on, pfn);
}

/** One owner, and none but the swap cache besides. */
function anonymous({ columns }: MemoryHost, on: Deviations, pfn: Pfn): Verdict {
  const flags = columns.flags[pfn]!;
  const mapcount = columns.mapcount[pfn]!;
  const cached = (flags & PG_SWAPCACHE) !== 0 ? 1 : 0;
  if (columns.count[pfn] !== mapcount + cached) return 'pinned';
  if (mapcount > 1) return 'cow-shared';
  if (mapcount === 0) return 'unmapped';
  return (flags & PG_MLOCKED) !== 0 && !on['mlock-ignored'] ? 'mlocked' : MOVABLE;
}

/** Mapped or not; as posted, only a page that the page cache alone has. Buffers hold a reference, so they refuse it. */
function file({ columns, pages }: MemoryHost, on: Deviations, pfn: Pfn): Verdict {
  const flags = columns.flags[pfn]!;
  const mapcount = columns.mapcount[pfn]!;
  if (on['mapped-file-refused'] && mapcount > 0) return 'mapped-file';
  if (columns.count[pfn] !== 1 + mapcount) return 'pinned';
  if (!pages.hasMapping(pfn)) return 'truncated';
  if ((flags & PG_NONLINEAR) !== 0) return 'nonlinear';
  return (flags & PG_MLOCKED) !== 0 ? 'mlocked' : MOVABLE;
}
