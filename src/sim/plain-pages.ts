import { gather } from '../base/gather.js';
import type { KindOfPlainPage } from '../host/bulk-mover.js';
import { PTE_PRESENT } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine, TABLE_ENTRIES } from './machine.js';
import { SLOT_PFN } from './page-cache.js';
import { pteAt } from './page-tables.js';
import { ask, createKnownFlags, type KnownFlags, learn, NOT_PLAIN, placeOfFlags } from './plain-flags.js';
import { vpnInVma } from './rmap.js';
import { VM_LOCKED } from './vm-flags.js';

/** Where the entry of a page is that several map: each has to be looked for. No table is there, so nobody's entry is. */
export const SEVERAL = 1;
const LEVEL_BITS = 9;
const IN_TABLE = TABLE_ENTRIES - 1;

/** What is known of the pages of a batch, by their position in it. */
export interface Places {
  /** Where the one entry is that maps a page: 0 for none, SEVERAL. */
  readonly entry: Uint32Array;
  /** Its page-cache slot, 0 for none. */
  readonly slot: Uint32Array;
  /** Positions of the pages that are mapped, and of those in the page cache. */
  readonly mapped: Uint32Array;
  nrMapped: number;
  readonly cached: Uint32Array;
  nrCached: number;
  /** Pages that are not plain, or are named by somebody who cannot be found: it is for the service to say why. */
  readonly others: Uint32Array;
  nrOthers: number;
  /** On the way there: the page's place on the index line, its mapping, and not 0 if one of its names is missing. */
  readonly onLine: Uint32Array;
  readonly mapping: Uint32Array;
  readonly wrong: Uint8Array;
  /** By place in `mapped` or `cached`: what was read for a page. */
  readonly read: Uint32Array;
  readonly known: KnownFlags;
}

export function createPlaces(capacity: number): Places {
  const words = () => new Uint32Array(capacity);
  return {
    entry: words(),
    slot: words(),
    mapped: words(),
    nrMapped: 0,
    cached: words(),
    nrCached: 0,
    others: words(),
    nrOthers: 0,
    onLine: words(),
    mapping: words(),
    wrong: new Uint8Array(capacity),
    read: words(),
    known: createKnownFlags(),
  };
}

/**
 * Finds what names each page. Plain ones come to stand first in `sources`, the others behind them; returns how many are.
 * From a page to its entry it is four steps, each of which lies anywhere in memory: each is made for all pages before the next
 * one, so that many of them are on their way at a time.
 */
export function sortOutPlain(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  kindOf: KindOfPlainPage,
  places: Places,
): number {
  const { others } = places;
  ask(places.known, kindOf);
  const nr = keepThoseInNobodysHands(m, sources, nrPages, places);
  const nrBefore = places.nrOthers;
  findMappings(m, nr, places);
  findSlots(m, places);
  findTables(m, sources, places);
  findEntries(m, places);
  const nrWrong = lookAtSlots(m, sources, places) + lookAtEntries(m, sources, places);
  const nrPlain = nrWrong === 0 ? nr : keepThoseThatAreThere(sources, nr, places);
  if (nrBefore !== 0 && places.nrOthers !== nrBefore) others.subarray(0, places.nrOthers).sort();
  for (let i = nrPlain; i < nrPages; i++) sources[i] = others[i - nrPlain]!;
  return nrPlain;
}

/** Those whose flags are a plain page's, and whose references are all explained. Leaves mapcounts in `entry`. */
function keepThoseInNobodysHands(m: Machine, sources: Uint32Array, nrPages: number, places: Places): number {
  const { entry, slot, mapped, cached, others, onLine, wrong, known } = places;
  const { flags, count, mapcount, index } = m;
  let nr = 0;
  let nrOthers = 0;
  let nrMapped = 0;
  let nrCached = 0;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const has = flags[pfn]!;
    const at = placeOfFlags(has);
    if (known.flags[at] !== has) learn(known, has);
    const references = known.references[at]!;
    const mappings = mapcount[pfn]!;
    const place = index[pfn]!;
    const explained = mappings + references;
    if (references === NOT_PLAIN || place === 0 || explained === 0 || count[pfn] !== explained) {
      others[nrOthers++] = pfn;
      continue;
    }
    sources[nr] = pfn;
    onLine[nr] = place;
    entry[nr] = mappings;
    slot[nr] = 0;
    wrong[nr] = 0;
    // Without a branch that nobody could predict: what was written is kept or not.
    mapped[nrMapped] = nr;
    nrMapped += (mappings + 0xffff) >>> 16;
    cached[nrCached] = nr++;
    nrCached += (references + 1) >>> 1;
  }
  places.nrMapped = nrMapped;
  places.nrCached = nrCached;
  places.nrOthers = nrOthers;
  return nr;
}

/** Whose the pages are; those of a file with nonlinear mappings may be mapped anywhere. */
function findMappings({ extentMapping, mapNonlinear }: Machine, nrPages: number, places: Places): void {
  const { onLine, mapping, wrong } = places;
  for (let i = 0; i < nrPages; i++) mapping[i] = onLine[i]! >>> EXTENT_SHIFT;
  gather(extentMapping, mapping, nrPages, mapping);
  for (let i = 0; i < nrPages; i++) if (mapping[i] === 0 || mapNonlinear[mapping[i]!] !== 0) wrong[i] = 1;
}

function findSlots({ extentLeaf }: Machine, places: Places): void {
  const { cached, nrCached, onLine, slot, read } = places;
  for (let k = 0; k < nrCached; k++) read[k] = onLine[cached[k]!]! >>> EXTENT_SHIFT;
  gather(extentLeaf, read, nrCached, read);
  for (let k = 0; k < nrCached; k++) {
    const i = cached[k]!;
    if (read[k] !== 0) slot[i] = read[k]! * EXTENT_PAGES + (onLine[i]! & (EXTENT_PAGES - 1));
  }
}

/**
 * Where the page tables of the pages are named, into `read`, and into `entry` which of a table's entries is the page's;
 * what is known of a mapping serves for all its pages that follow. A page that several VMAs may map gets its answer at once:
 * nobody asks for its mapping any more.
 */
function findTables(m: Machine, sources: Uint32Array, places: Places): void {
  const { entry, mapped, nrMapped, read, mapping, onLine } = places;
  const { mapBase, mapLinks, linkNext, linkVma, ptes } = m;
  const { vmaOffset, vmaPages, vmaStart, vmaFlags, vmaMm, mmPgd } = m;
  let last = -1;
  let isAlone = false;
  let base = 0;
  let nrInVma = 0;
  let start = 0;
  let top = 0;
  for (let k = 0; k < nrMapped; k++) {
    const i = mapped[k]!;
    const its = mapping[i]!;
    if (its !== last) {
      last = its;
      const link = mapLinks[its]!;
      const vma = linkVma[link]!;
      isAlone = link !== 0 && linkNext[link] === 0;
      base = isAlone ? mapBase[its]! + vmaOffset[vma]! : mapBase[its]!;
      // What mlock has said of the VMA is made good when its page arrives: then none of them is plain.
      nrInVma = (vmaFlags[vma]! & VM_LOCKED) !== 0 ? 0 : vmaPages[vma]!;
      start = vmaStart[vma]!;
      top = mmPgd[vmaMm[vma]!]! * TABLE_ENTRIES;
    }
    const page = onLine[i]! - base;
    const mappings = entry[i]!;
    read[k] = 0;
    if (!isAlone) {
      entry[i] = entryAmongSeveral(m, sources[i]!, its, page, mappings);
      mapping[i] = 0;
      continue;
    }
    const vpn = start + page;
    const pmd = mappings === 1 && page >= 0 && page < nrInVma ? ptes[top + (vpn >>> (2 * LEVEL_BITS))]! : 0;
    entry[i] = pmd === 0 ? 0 : vpn & IN_TABLE;
    if (pmd !== 0) read[k] = pmd * TABLE_ENTRIES + ((vpn >>> LEVEL_BITS) & IN_TABLE);
  }
}

/** The page's one entry, SEVERAL if it has more and all are there, 0 if some are not to be found. */
function entryAmongSeveral(m: Machine, pfn: Pfn, mapping: number, offset: number, mapped: number): number {
  let found = 0;
  let last = 0;
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) return 0;
    const at = pteAt(m, m.vmaMm[vma]!, vpn);
    if (at === 0 || !maps(m.ptes[at]!, pfn)) continue;
    found++;
    last = at;
  }
  if (found !== mapped) return 0;
  return mapped === 1 ? last : SEVERAL;
}

function maps(pte: number, pfn: Pfn): boolean {
  return (pte & PTE_PRESENT) !== 0 && pte >>> 4 === pfn;
}

function findEntries({ ptes }: Machine, { mapped, nrMapped, read, entry, mapping }: Places): void {
  gather(ptes, read, nrMapped, read);
  for (let k = 0; k < nrMapped; k++) {
    const i = mapped[k]!;
    if (mapping[i] !== 0) entry[i] = read[k] === 0 ? 0 : read[k]! * TABLE_ENTRIES + entry[i]!;
  }
}

/** How many mapped pages are not in their entries. */
function lookAtEntries({ ptes }: Machine, sources: Uint32Array, places: Places): number {
  const { mapped, nrMapped, entry, read, wrong } = places;
  gather(entry, mapped, nrMapped, read);
  gather(ptes, read, nrMapped, read);
  let nrWrong = 0;
  for (let k = 0; k < nrMapped; k++) {
    const i = mapped[k]!;
    if (wrong[i] === 0 && (entry[i] === SEVERAL || maps(read[k]!, sources[i]!))) continue;
    wrong[i] = 1;
    nrWrong++;
  }
  return nrWrong;
}

/** How many pages of the cache are not in their slots. */
function lookAtSlots({ leafSlots }: Machine, sources: Uint32Array, places: Places): number {
  const { cached, nrCached, slot, read, wrong } = places;
  gather(slot, cached, nrCached, read);
  gather(leafSlots, read, nrCached, read);
  let nrWrong = 0;
  for (let k = 0; k < nrCached; k++) {
    const i = cached[k]!;
    if (wrong[i] === 0 && slot[i] !== 0 && (read[k]! & SLOT_PFN) === sources[i]! + 1) continue;
    wrong[i] = 1;
    nrWrong++;
  }
  return nrWrong;
}

function keepThoseThatAreThere(sources: Uint32Array, nrPages: number, places: Places): number {
  const { entry, slot, mapped, cached, wrong, others } = places;
  let nr = 0;
  places.nrMapped = 0;
  places.nrCached = 0;
  for (let i = 0; i < nrPages; i++) {
    if (wrong[i] !== 0) {
      others[places.nrOthers++] = sources[i]!;
      continue;
    }
    sources[nr] = sources[i]!;
    entry[nr] = entry[i]!;
    slot[nr] = slot[i]!;
    if (entry[nr] !== 0) mapped[places.nrMapped++] = nr;
    if (slot[nr] !== 0) cached[places.nrCached++] = nr;
    nr++;
  }
  return nr;
}
