import { VacateError } from '../base/vacate-error.js';
import { PG_BUDDY, PG_MMAP, PG_NOPAGE, PG_OFFLINE, PG_PGTABLE, PG_RESERVED, PG_SLAB } from '../mm/page-flags.js';
import { formatCount, TAKE_AGAIN } from './wording.js';

/** Types that keep something else where the mapping count is, or that nobody maps. */
const UNMAPPABLE = PG_RESERVED | PG_BUDDY | PG_SLAB | PG_NOPAGE | PG_PGTABLE | PG_OFFLINE;
const MAX_MAPCOUNT = 0xffff;
const min = Math.min;

/**
 * Mappings of each page from /proc/kpagecount, at most 65535. The file is another than kpageflags and was read later:
 * pages that were mapped or unmapped between the two contradict their flags, see untyped-pages.ts.
 */
export function readMapcounts(
  words: Uint32Array | null,
  nrFilePfns: number,
  flags: Uint32Array,
  caveats: string[],
): Uint16Array {
  const mapcounts = new Uint16Array(flags.length);
  if (words === null) {
    caveats.push('The capture lacks kpagecount.gz: every mapped page is taken to be mapped once.');
  } else if (words.length !== 2 * nrFilePfns) {
    throw new VacateError(
      'capture',
      `kpagecount describes ${formatCount(words.length / 2)} pages and kpageflags ${formatCount(nrFilePfns)}: ` +
        `they are not of the same machine and moment, ${TAKE_AGAIN}.`,
    );
  }
  for (let pfn = 0; pfn < nrFilePfns; pfn++) {
    const word = flags[pfn] as number;
    if ((word & UNMAPPABLE) !== 0) continue;
    if (words === null) mapcounts[pfn] = (word & PG_MMAP) === 0 ? 0 : 1;
    // The kernel's counter is an int: the high half of the word is never used.
    else mapcounts[pfn] = min(words[2 * pfn] as number, MAX_MAPCOUNT);
  }
  return mapcounts;
}
