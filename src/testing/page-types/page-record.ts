import { FREE_FLAGS, formatFlags, PG_PRIVATE } from '../../mm/page-flags.js';
import { isMigration, isPresent, pteBits, ptePayload } from '../../mm/pte.js';
import type { Pfn } from '../../mm/units.js';
import { vmasOf } from '../../sim/address-space.js';
import { type Machine, SCALAR } from '../../sim/machine.js';
import { MAPPING_ANON } from '../../sim/mappings.js';
import { slotAt } from '../../sim/page-cache.js';
import { pteOf } from '../../sim/page-tables.js';
import { swapSlotOf } from '../../sim/swap.js';

/**
 * Everything that a page is and everything that names it, in terms that stay the same when it moves: what two records
 * of one page differ in, before and after, is what a migration lost. Found by looking at every page table and every
 * cache slot, never through reverse maps, because these are what is under test.
 */
export interface PageRecord {
  readonly pfn: Pfn;
  readonly flags: number;
  readonly count: number;
  readonly mapcount: number;
  /** Place on the index line: the mapping and the page's offset in it. */
  readonly index: number;
  /** Swap slot, as the page itself says; 0 for a page that is in no swap cache. */
  readonly swapSlot: number;
  readonly hasBuffers: boolean;
  /** Page-table entries, one sentence each. */
  readonly mappings: readonly string[];
  /** Slots of page cache, swap cache and driver pools, with their tags. */
  readonly slots: readonly string[];
  readonly words: Uint32Array;
}

/** Fields of a record that must survive a move. */
export type PageAspect = Exclude<keyof PageRecord, 'pfn'>;

/** All of them. */
export const EVERYTHING: readonly PageAspect[] = [
  'flags',
  'count',
  'mapcount',
  'index',
  'swapSlot',
  'hasBuffers',
  'mappings',
  'slots',
  'words',
];

interface Names {
  readonly mappings: Map<Pfn, string[]>;
  readonly slots: Map<Pfn, string[]>;
}

/**
 * All that hangs on a page, by names that do not move with it.
 *
 * @example
 * const { machine: m, pages: [page] } = anonymousFixture();
 * const { mappings }: PageRecord = recordOf(m, page!.pfn);
 * mappings.length; // 1
 */
export function recordOf(m: Machine, pfn: Pfn): PageRecord {
  return recordsOf(m, [pfn])[0]!;
}

export function recordsOf(m: Machine, pfns: readonly Pfn[]): PageRecord[] {
  const names = namesIn(m);
  return pfns.map((pfn) => ({
    pfn,
    flags: m.flags[pfn]!,
    count: m.count[pfn]!,
    mapcount: m.mapcount[pfn]!,
    index: m.index[pfn]!,
    swapSlot: swapSlotOf(m, pfn),
    hasBuffers: (m.flags[pfn]! & PG_PRIVATE) !== 0,
    mappings: names.mappings.get(pfn) ?? [],
    slots: names.slots.get(pfn) ?? [],
    words: m.contents.slice(pfn * m.contentWords, (pfn + 1) * m.contentWords),
  }));
}

/** Where a page stands now that was somewhere when its record was taken; -1 if nothing names it any more. */
export function findAgain(m: Machine, { mappings, slots }: PageRecord): Pfn {
  const names = namesIn(m);
  const [kind, name] = mappings.length > 0 ? (['mappings', mappings[0]!] as const) : (['slots', slots[0]!] as const);
  for (const [pfn, found] of names[kind]) if (found.includes(name)) return pfn;
  return -1;
}

/** What `after` lacks or has besides, one sentence each, restricted to some aspects. */
export function differences(before: PageRecord, after: PageRecord, aspects: readonly PageAspect[]): string[] {
  return aspects.flatMap((aspect) => {
    if (aspect === 'words') {
      const at = before.words.findIndex((word, i) => word !== after.words[i]);
      return at < 0 ? [] : [`its bytes differ from byte ${at * 4} on`];
    }
    const [was, is] = [before, after].map((record) => inWords(record, aspect));
    return was === is ? [] : [`${aspect} was ${was || 'none'} and is ${is || 'none'}`];
  });
}

function inWords(record: PageRecord, aspect: PageAspect): string {
  return aspect === 'flags' ? formatFlags(record.flags) : String(record[aspect]);
}

/**
 * True for a page that the allocator has.
 *
 * @example
 * isFree(smallMachine(), 0); // true
 */
export function isFree(m: Machine, pfn: Pfn): boolean {
  return (m.flags[pfn]! & FREE_FLAGS) !== 0;
}

function namesIn(m: Machine): Names {
  const names: Names = { mappings: new Map(), slots: new Map() };
  const add = (to: Map<Pfn, string[]>, pfn: Pfn, name: string): void => {
    to.set(pfn, [...(to.get(pfn) ?? []), name]);
  };
  eachEntry(m, (mm, vpn, pte) => {
    if (!isPresent(pte) && !isMigration(pte)) return;
    const kind = isMigration(pte) ? 'migration' : 'present';
    add(names.mappings, ptePayload(pte), `process ${mm} at 0x${vpn.toString(16)}, ${kind}, bits ${pteBits(pte)}`);
  });
  for (let mapping = 1; mapping <= m.scalars[SCALAR.mapFill]!; mapping++) {
    if (m.mapKind[mapping] === 0 || m.mapKind[mapping] === MAPPING_ANON) continue;
    for (let page = 0; page < m.mapPages[mapping]!; page++) {
      const at = slotAt(m, m.mapBase[mapping]! + page);
      const slot = at === 0 ? 0 : m.leafSlots[at]!;
      if (slot !== 0)
        add(names.slots, (slot & 0x0fff_ffff) - 1, `page ${page} of mapping ${mapping}, tags ${slot >>> 28}`);
    }
  }
  for (let slot = 0; slot < m.swapCache.length; slot++)
    if (m.swapCache[slot] !== 0) add(names.slots, m.swapCache[slot]! - 1, `swap slot ${slot}`);
  return names;
}

/**
 * Calls `visit` for every page-table entry that is not empty.
 *
 * @example
 * let nrMapped = 0;
 * eachEntry(anonymousFixture().machine, () => nrMapped++);
 * nrMapped > 0; // true
 */
export function eachEntry(m: Machine, visit: (mm: number, vpn: number, pte: number) => void): void {
  for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm)) {
      for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++) {
        const pte = pteOf(m, mm, vpn);
        if (pte !== 0) visit(mm, vpn, pte);
      }
    }
  }
}
