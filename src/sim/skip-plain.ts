import { gather } from '../base/gather.js';
import type { KindOfPlainPage } from '../host/bulk-mover.js';
import { FREE_FLAGS } from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine } from './machine.js';
import { SLOT_PFN } from './page-cache.js';
import { ask, createKnownFlags, type KnownFlags, learn, NOT_PLAIN, placeOfFlags } from './plain-flags.js';

/** What one look needs: what is known of flags, and the pages of files in one pageblock, with where their slots are and what was read of them. */
export interface PlainLook {
  readonly known: KnownFlags;
  readonly pages: Uint32Array;
  readonly slot: Uint32Array;
  readonly read: Uint32Array;
  nrPages: number;
  /** What was read ahead, kept so that no compiler leaves the reading out. */
  touched: number;
}

export function createPlainLook(): PlainLook {
  return {
    known: createKnownFlags(),
    pages: new Uint32Array(PAGEBLOCK_PAGES),
    slot: new Uint32Array(PAGEBLOCK_PAGES),
    read: new Uint32Array(PAGEBLOCK_PAGES),
    nrPages: 0,
    touched: 0,
  };
}

/**
 * The first page from `start` to before `end` that is neither free nor plain, or of which somebody has a reference that its
 * mappings, its cache, and its buffers do not explain. Of the others it is known that they would go.
 */
export function skipPlain(m: Machine, start: Pfn, end: Pfn, kindOf: KindOfPlainPage, look: PlainLook): Pfn {
  ask(look.known, kindOf);
  for (let pfn = start; pfn < end; ) {
    const next = Math.min(end, (pfn | (PAGEBLOCK_PAGES - 1)) + 1);
    const inUse = m.pageblockUse[pfn >>> PAGEBLOCK_ORDER] !== 0;
    const found = inUse ? firstOutOfSlot(m, look, firstInHands(m, pfn, next, look)) : next;
    if (found !== next) return found;
    pfn = next;
  }
  return end;
}

/** Words on a line of the cache. */
const WORDS_PER_LINE = 16;

/** One word of every line that is read next: their own loop guesses wrong too often to have many on their way. */
function touchLines({ flags, count, mapcount, index }: Machine, start: Pfn, end: Pfn): number {
  let sum = 0;
  for (let pfn = start; pfn < end; pfn += WORDS_PER_LINE)
    sum ^= flags[pfn]! ^ count[pfn]! ^ mapcount[pfn]! ^ index[pfn]!;
  return sum;
}

/** By flags and counts alone; `look` has the pages of files before it. */
function firstInHands(m: Machine, start: Pfn, end: Pfn, look: PlainLook): Pfn {
  const { flags, count, mapcount, index } = m;
  const { known, pages, slot } = look;
  look.nrPages = 0;
  look.touched = touchLines(m, start, end);
  for (let pfn = start; pfn < end; pfn++) {
    const has = flags[pfn]!;
    if ((has & FREE_FLAGS) !== 0) continue;
    const at = placeOfFlags(has);
    if (known.flags[at] !== has) learn(known, has);
    const references = known.references[at]!;
    const explained = mapcount[pfn]! + references;
    if (references === NOT_PLAIN || index[pfn] === 0 || explained === 0 || count[pfn] !== explained) return pfn;
    if (references === 0) continue;
    pages[look.nrPages] = pfn;
    slot[look.nrPages++] = index[pfn]!;
  }
  return end;
}

/** The first of the pages of files that is not in its slot; `otherwise` if all are. */
function firstOutOfSlot({ extentLeaf, leafSlots }: Machine, look: PlainLook, otherwise: Pfn): Pfn {
  const { pages, slot, read, nrPages } = look;
  for (let i = 0; i < nrPages; i++) read[i] = slot[i]! >>> EXTENT_SHIFT;
  gather(extentLeaf, read, nrPages, read);
  for (let i = 0; i < nrPages; i++)
    slot[i] = read[i] === 0 ? 0 : read[i]! * EXTENT_PAGES + (slot[i]! & (EXTENT_PAGES - 1));
  gather(leafSlots, slot, nrPages, read);
  for (let i = 0; i < nrPages; i++) if (slot[i] === 0 || (read[i]! & SLOT_PFN) !== pages[i]! + 1) return pages[i]!;
  return otherwise;
}
