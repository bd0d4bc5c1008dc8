/**
 * What stands in a pageblock, as one 16-bit number: how many of its pages are not free, holes among them, and this bit if
 * there are holes. A host that keeps such numbers current answers in 1 MiB what else takes a look at every page.
 */
export const HAS_HOLES = 1 << 15;
/** The rest: pages that are not free, 0 to PAGEBLOCK_PAGES. */
export const PAGES_IN_USE = HAS_HOLES - 1;
