/**
 * What is wrong with the patch of 1 October 2004 ("[RFC] memory defragmentation to satisfy high order allocations",
 * coalesce_memory and can_move_page), each as a deviation that can be added to what it was meant to be.
 */
export const SWITCHES = {
  'order-underflow': 'the loop over orders ends at order - 3 in unsigned arithmetic, so orders 1 and 2 are never tried',
  'two-levels-only': 'only blocks of one and two orders less are looked at, not of three',
  'n-minus-one-cannot-succeed':
    'walking back ends one page early and walking forward counts from the wrong page, so a block of one order less never gets its other half',
  'counter-never-reset': 'pages vacated around different blocks add up, until their sum is taken for a block',
  'no-alignment': 'the run of vacated pages may start anywhere, where buddy never merges it',
  'no-zone-check': 'the walk goes on beyond the ends of the zone',
  'unlocked-list-walk':
    'the free list is walked without its lock, so a block that was handed out meanwhile is still taken for free',
  'target-not-excluded':
    'the page that was just vacated is the next one that the allocator hands out, and per-CPU lists keep the others from merging',
  'pcp-counts-as-free': 'a count of 0 is taken for free, although the page is on a per-CPU list and not in buddy',
  'ptes-before-copy': 'page tables name the new page before it holds the data',
  'no-rollback':
    'when a mapping cannot be taken over, the new page is freed, the second time if it is anonymous, while page tables name it already',
  'strict-anon-vma': 'one VMA of the family that does not map the page makes the move fail',
  'mlock-ignored': 'a VMA that is locked into memory is noticed, and its page moved all the same',
  'swapcache-fall-through':
    'a swap-cache page whose recheck fails is moved all the same, the new page is in no swap cache and on no LRU list, and a lock is let go that may not be held',
  'mapped-file-refused': 'a file page goes only if nobody maps it, and only if no VMA covers its place in the file',
  'dirty-tag-lost': "the page cache's tag of a dirty page is lost, so writeback passes it over",
  'slot-empty-window':
    'the slot in the page cache is empty while the page moves: a reader fetches a stale copy from disk',
  'preempt-imbalance': 'preemption is enabled once more for every refused page, and not at all after a success',
} as const;

export type Switch = keyof typeof SWITCHES;
export const SWITCH_NAMES = Object.keys(SWITCHES) as Switch[];

/** What the strategy was built as. */
export const MODE_NOTES = {
  intended: 'the patch of October 2004 as it was meant to be',
  historical: 'the same as it was posted, with everything below',
  '2005': 'the form of 2005, which asks each page first',
} as const;
export type Mode = keyof typeof MODE_NOTES;
export const MODES = ['intended', 'historical', '2005'] as const;

/** Which switches are on. */
export type Deviations = Readonly<Record<Switch, boolean>>;

/** `historical` has them all on; elsewhere those that are asked for. */
export function deviationsOf(mode: Mode, switches: readonly string[]): Deviations {
  const on = (name: Switch): boolean => mode === 'historical' || switches.includes(name);
  return Object.fromEntries(SWITCH_NAMES.map((name) => [name, on(name)])) as Record<Switch, boolean>;
}
