import { PageTally, type Reasons } from '../page-tally.js';

const hazard = (because: string) => ({ kind: 'permanent', because }) as const;

/**
 * What the code of 2004 and 2005 would have done to a machine. This product counts and names it, and does what is safe
 * instead, so that no contents are ever lost.
 */
const HAZARDS = {
  'false-success': hazard('success was reported, and no free block of the order came of it'),
  'stale-list-entry': hazard('walked around as a free block, though it had left the free list meanwhile'),
  'sleep-in-atomic': hazard('allocated for with preemption disabled, in a way that may sleep'),
  'outside-zone': hazard('looked at beyond the end of the zone'),
  'outside-memory-map': hazard('looked at where the machine has no memory map: a read of whatever lies there'),
  'pcp-taken-as-free': hazard('taken for free although a per-CPU list has it and may hand it out any time'),
  'mapped-before-copy': hazard('in page tables before its contents were: another CPU would have read garbage'),
  'freed-while-mapped': hazard('would have been freed while page tables name it'),
  'double-free': hazard('would have been freed twice'),
  'lock-left-held': hazard('a lock would have been left held on the way out: the next one to take it hangs'),
  'mlocked-moved': hazard('moved although its owner locked it into memory'),
  'swap-cache-lost': hazard('would have left the swap cache while its slot still names it'),
  'off-lru': hazard('would be on no LRU list any more: reclaim never finds it and it never moves again'),
  'unlock-not-held': hazard('a lock would have been released that was not held'),
  'moved-after-giving-up': hazard('would have been moved with its target already freed'),
  'dirty-tag-lost': hazard('dirty, and writeback would pass it over: its last change would never reach the disk'),
  'slot-empty': hazard('for a while in no slot of the page cache: a reader would have got a stale copy from disk'),
  'preempt-imbalance': hazard('so far from 0 the count of disabled preemption would have been left'),
  'vacated-never-freed': hazard('vacated and never freed: a leak; given back when the run was over'),
} satisfies Reasons<string>;

export type Hazard = keyof typeof HAZARDS;
/** Stands in a result where a handler's name stands, so that hazards can be told from refusals. */
export const HAZARD = 'tosatti-hazard';

/** Counts by hazard: of pages, where not said otherwise. */
export class HazardReport extends PageTally<Hazard> {
  constructor() {
    super(HAZARD, HAZARDS);
  }
}
