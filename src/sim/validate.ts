import { MIGRATE_ISOLATE, NR_MIGRATETYPES } from '../mm/migratetype.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_ISOLATED,
  PG_KSM,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_PCP,
  PG_PRIVATE,
  PG_SWAPCACHE,
} from '../mm/page-flags.js';
import { HAS_HOLES, PAGES_IN_USE } from '../mm/pageblock-use.js';
import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../mm/pte.js';
import { formatPfn, NR_PAGE_ORDERS, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { VM_NONLINEAR, vmasOf } from './address-space.js';
import { freeBlockOrder } from './buddy.js';
import { linkBack } from './contents.js';
import { checkDrivers } from './drivers/books.js';
import { checkPins } from './gup.js';
import { HOLD_WRITEBACK } from './holds.js';
import { checkHugetlb } from './hugetlb.js';
import { founderFrom, lruListOf } from './lru.js';
import { LRU_ADD_BATCH, LRU_CHUNK, LRU_LISTS_PER_NODE, type Machine, SCALAR } from './machine.js';
import { MAPPING_ANON, MAPPING_KSM, MAPPING_SHMEM, mappingOfPage } from './mappings.js';
import { diskPlaceOf, isInItsSlot, SLOT_DIRTY, slotAt } from './page-cache.js';
import { pteAt } from './page-tables.js';
import { freeListType, nodeOf, zoneOf } from './pageblocks.js';
import { isKnownAt, vpnInVma } from './rmap.js';
import { isStable, stableNodeOf } from './stable-nodes.js';
import { swapCachePage, swapSlotOf } from './swap.js';

/** So many sentences are enough to see what went wrong. */
const MAX_REPORTS = 20;

/**
 * Checks every invariant of a machine; see ARCHITECTURE.md for the list. Returns what is broken, in sentences.
 *
 * @example
 * validateMachine(machine); // []
 */
export function validateMachine(m: Machine): string[] {
  const broken: string[] = [];
  const report = (sentence: string): void => {
    if (broken.length < MAX_REPORTS) broken.push(sentence);
  };
  checkFreeLists(m, report);
  checkPageblockUse(m, report);
  const mapped = checkPageTables(m, report);
  checkReferences(m, mapped, report);
  checkReverseMaps(m, report);
  checkSwap(m, mapped, report);
  checkMappings(m, report);
  checkDirtyTags(m, report);
  checkLru(m, report);
  checkDrivers(m, report);
  checkHugetlb(m, report);
  checkPins(m, report);
  return broken;
}

type Report = (sentence: string) => void;

/** Σ free lists = free pages, every block on the list of its type, links whole both ways. */
function checkFreeLists(m: Machine, report: Report): void {
  const onLists = new Uint8Array(m.spec.nrPfns);
  for (let zone = 0; zone < m.spec.zones.length; zone++) {
    let free = 0;
    let isolated = 0;
    for (let type = 0; type < NR_MIGRATETYPES; type++) {
      const pages = walkFreeLists(m, zone, type, onLists, report);
      if (type === MIGRATE_ISOLATE) isolated += pages;
      else free += pages;
    }
    if (free !== m.nrFree[zone]) report(`zone ${zone}: free lists hold ${free} pages, nr_free says ${m.nrFree[zone]}`);
    if (isolated !== m.nrIsolatedFree[zone])
      report(`zone ${zone}: isolate lists hold ${isolated} pages, the counter says ${m.nrIsolatedFree[zone]}`);
  }
  let pcp = 0;
  for (let list = 0; list < m.pcpHead.length; list++) {
    let pages = 0;
    for (let link = m.pcpHead[list]!; link !== 0; link = m.index[link - 1]!) {
      pages++;
      if ((m.flags[link - 1]! & PG_PCP) === 0) report(`${formatPfn(link - 1)} is on a per-CPU list without PG_PCP`);
    }
    if (pages !== m.pcpCount[list])
      report(`per-CPU list ${list} holds ${pages} pages, its count says ${m.pcpCount[list]}`);
    pcp += pages;
  }
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    const flags = m.flags[pfn]!;
    if ((flags & PG_PCP) !== 0) pcp--;
    if (((flags & PG_BUDDY) !== 0) !== (onLists[pfn] === 1))
      report(`${formatPfn(pfn)}: PG_BUDDY and the free lists disagree`);
    if ((flags & FREE_FLAGS) !== 0 && m.count[pfn] !== 0)
      report(`${formatPfn(pfn)} is free with count ${m.count[pfn]}`);
  }
  if (pcp !== 0) report(`per-CPU lists and PG_PCP differ by ${pcp} pages`);
}

function walkFreeLists(m: Machine, zone: number, type: number, onLists: Uint8Array, report: Report): number {
  let pages = 0;
  for (let order = 0; order < NR_PAGE_ORDERS; order++) {
    const list = (zone * NR_MIGRATETYPES + type) * NR_PAGE_ORDERS + order;
    let blocks = 0;
    let previous = 0;
    for (let link = m.freeHead[list]!; link !== 0; link = m.index[link - 1]!) {
      const pfn = link - 1;
      if (freeBlockOrder(m, pfn) !== order) {
        report(
          `${formatPfn(pfn)} on the order-${order} list of zone ${zone} is a block of order ${freeBlockOrder(m, pfn)}`,
        );
        return pages;
      }
      if (freeListType(m, pfn) !== type || zoneOf(m, pfn) !== zone)
        report(`${formatPfn(pfn)} is on the free list of zone ${zone} type ${type}, where it does not belong`);
      if (linkBack(m, pfn) !== previous) report(`${formatPfn(pfn)} on its free list does not link back`);
      previous = link;
      onLists.fill(1, pfn, pfn + 2 ** order);
      blocks++;
      pages += 2 ** order;
    }
    if (blocks !== m.freeBlocks[list])
      report(`list ${list} holds ${blocks} blocks, its count says ${m.freeBlocks[list]}`);
  }
  return pages;
}

/** What each pageblock says of its pages is what they say. */
function checkPageblockUse(m: Machine, report: Report): void {
  for (const { start, end } of m.spec.zones)
    for (let block = start; block < end; block += PAGEBLOCK_PAGES) {
      let use = 0;
      let holes = 0;
      for (let pfn = block; pfn < block + PAGEBLOCK_PAGES; pfn++) {
        if ((m.flags[pfn]! & FREE_FLAGS) === 0) use++;
        if ((m.flags[pfn]! & PG_NOPAGE) !== 0) holes = HAS_HOLES;
      }
      const said = m.pageblockUse[block >>> PAGEBLOCK_ORDER]!;
      if (said !== (use | holes))
        report(
          `the pageblock of ${formatPfn(block)} has ${use} pages in use${holes === 0 ? '' : ' and holes'}, its count says ` +
            `${said & PAGES_IN_USE}${(said & HAS_HOLES) === 0 ? '' : ' and holes'}`,
        );
    }
}

/** What the page tables say, counted by looking at every entry: mappings per page, entries per swap slot. */
interface Mapped {
  readonly mapcount: Uint16Array;
  readonly swapMap: Uint16Array;
}

/** No entry names a free page, a frame that is not there, or one outside memory. */
function checkPageTables(m: Machine, report: Report): Mapped {
  const mapcount = new Uint16Array(m.spec.nrPfns);
  const swapMap = new Uint16Array(m.spec.nrSwapSlots);
  eachPte(m, (mm, vpn, pte) => {
    if (isSwap(pte)) swapMap[ptePayload(pte)] = swapMap[ptePayload(pte)]! + 1;
    if (isFile(pte) || isSwap(pte)) return;
    const pfn = ptePayload(pte);
    if ((m.flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) !== 0)
      report(`process ${mm}, page ${vpn}: an entry names free ${formatPfn(pfn)}`);
    if (isPresent(pte)) mapcount[pfn] = mapcount[pfn]! + 1;
    else if (!isMigration(pte)) report(`process ${mm}, page ${vpn}: entry 0x${pte.toString(16)} is of no kind`);
    else if ((m.flags[pfn]! & PG_ISOLATED) === 0)
      report(`process ${mm}, page ${vpn}: migration entry for ${formatPfn(pfn)}, which nobody moves`);
  });
  return { mapcount, swapMap };
}

function eachPte(m: Machine, visit: (mm: number, vpn: number, pte: number, vma: number) => void): void {
  for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm)) {
      for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++) {
        const at = pteAt(m, mm, vpn);
        if (at !== 0 && m.ptes[at] !== 0) visit(mm, vpn, m.ptes[at]!, vma);
      }
    }
  }
}

/** count = mappings + cache + buffers + isolations + pins + LRU batches, for every page that processes or files own. */
function checkReferences(m: Machine, mapped: Mapped, report: Report): void {
  const extra = new Uint16Array(m.spec.nrPfns);
  const add = (pfn: number): void => {
    extra[pfn] = extra[pfn]! + 1;
  };
  for (let at = 0; at < m.scalars[SCALAR.nrHolds]!; at++) if (m.holdKind[at] !== HOLD_WRITEBACK) add(m.holdPfn[at]!);
  for (let cpu = 0; cpu < m.spec.nrCpus; cpu++)
    for (let i = 0; i < m.lruAddCount[cpu]!; i++) add(m.lruAdd[cpu * LRU_ADD_BATCH + i]!);
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    if (mapped.mapcount[pfn] !== (hasMapcount(m, pfn) ? m.mapcount[pfn] : 0))
      report(`${formatPfn(pfn)}: mapcount ${m.mapcount[pfn]}, but ${mapped.mapcount[pfn]} entries map it`);
    if (m.index[pfn] === 0 || (m.flags[pfn]! & FREE_FLAGS) !== 0) continue;
    const flags = m.flags[pfn]!;
    const cached = (flags & PG_SWAPCACHE) !== 0 || ((flags & PG_ANON) === 0 && isInItsSlot(m, pfn));
    const expected =
      m.mapcount[pfn]! +
      (cached ? 1 : 0) +
      ((flags & PG_PRIVATE) !== 0 ? 1 : 0) +
      ((flags & PG_ISOLATED) !== 0 ? 1 : 0) +
      extra[pfn]!;
    if (m.count[pfn] !== expected) report(`${formatPfn(pfn)}: count ${m.count[pfn]}, explained are ${expected}`);
  }
}

function hasMapcount(m: Machine, pfn: number): boolean {
  return (m.flags[pfn]! & FREE_FLAGS) === 0;
}

/** Reverse maps are a bijection: each entry is found from its page, and (by mapcount) nothing else is. */
function checkReverseMaps(m: Machine, report: Report): void {
  eachPte(m, (mm, vpn, pte, vma) => {
    if (!isPresent(pte)) return;
    const pfn = ptePayload(pte);
    const mapping = mappingOfPage(m, pfn);
    if (mapping === 0) {
      report(`${formatPfn(pfn)} is mapped by process ${mm} at page ${vpn} and has no mapping`);
      return;
    }
    if (m.mapKind[mapping] === MAPPING_KSM && isKnownAt(m, pfn, vma, vpn)) return;
    const nonlinear = (m.vmaFlags[vma]! & VM_NONLINEAR) !== 0;
    if (nonlinear && (m.flags[pfn]! & PG_ANON) === 0) return;
    for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!)
      if (m.linkVma[link] === vma && vpnInVma(m, vma, m.index[pfn]! - m.mapBase[mapping]!) === vpn) return;
    report(`${formatPfn(pfn)} is mapped by process ${mm} at page ${vpn}, which its reverse map does not know`);
  });
}

/** A slot has at most one page, a swap-cache page has exactly one slot, counts are those of the page tables. */
function checkSwap(m: Machine, mapped: Mapped, report: Report): void {
  countSharedMemory(m, mapped.swapMap);
  let used = 0;
  for (let slot = 0; slot < m.spec.nrSwapSlots; slot++) {
    if (m.swapMap[slot] !== mapped.swapMap[slot])
      report(`swap slot ${slot}: map ${m.swapMap[slot]}, but ${mapped.swapMap[slot]} entries and mappings name it`);
    const pfn = swapCachePage(m, slot);
    if (pfn >= 0 || m.swapMap[slot] !== 0) used++;
    if (pfn >= 0 && ((m.flags[pfn]! & PG_SWAPCACHE) === 0 || swapSlotOf(m, pfn) !== slot))
      report(`swap slot ${slot} names ${formatPfn(pfn)}, which does not name it back`);
  }
  if (used !== m.scalars[SCALAR.swapUsed])
    report(`${used} swap slots are in use, the counter says ${m.scalars[SCALAR.swapUsed]}`);
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++)
    if ((m.flags[pfn]! & PG_SWAPCACHE) !== 0 && swapCachePage(m, swapSlotOf(m, pfn)) !== pfn)
      report(`${formatPfn(pfn)} says swap slot ${swapSlotOf(m, pfn)}, which has another page`);
}

/** Shared memory names a slot once for each page that has been written there. */
function countSharedMemory(m: Machine, swapMap: Uint16Array): void {
  for (let mapping = 1; mapping <= m.scalars[SCALAR.mapFill]!; mapping++) {
    if (m.mapKind[mapping] !== MAPPING_SHMEM) continue;
    for (let page = 0; page < m.mapPages[mapping]!; page++) {
      const slot = diskPlaceOf(m, m.mapBase[mapping]! + page);
      if (slot !== 0) swapMap[slot] = swapMap[slot]! + 1;
    }
  }
}

/** A mapping counts its pages, and every page lies on a run that somebody owns. */
function checkMappings(m: Machine, report: Report): void {
  const pages = new Uint32Array(m.mapCached.length);
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    if ((m.flags[pfn]! & FREE_FLAGS) !== 0 || m.index[pfn] === 0) continue;
    const mapping = mappingOfPage(m, pfn);
    if (mapping === 0) report(`${formatPfn(pfn)} lies on a run of the index line that nobody owns`);
    pages[mapping] = pages[mapping]! + 1;
  }
  countRmapItems(m, pages, report);
  for (let mapping = 1; mapping < pages.length; mapping++)
    if (pages[mapping] !== m.mapCached[mapping])
      report(`mapping ${mapping} has ${pages[mapping]} pages, its count says ${m.mapCached[mapping]}`);
}

/** A stable node and its page know each other; each of its rmap items keeps an anon_vma, as a page of it does. */
function countRmapItems(m: Machine, pages: Uint32Array, report: Report): void {
  for (let node = 1; node < m.nodePage.length; node++) {
    const pfn = m.nodePage[node]! - 1;
    if (pfn < 0) continue;
    if (!isStable(m, pfn) || stableNodeOf(m, pfn) !== node)
      report(`stable node ${node} names ${formatPfn(pfn)}, which does not name it back`);
    if ((m.flags[pfn]! & PG_KSM) === 0) report(`${formatPfn(pfn)} has a stable node, and no PG_KSM`);
    for (let item = m.nodeItems[node]!; item !== 0; item = m.itemNext[item]!) {
      const anon = m.itemAnon[item]!;
      if (m.mapKind[anon] !== MAPPING_ANON) report(`stable node ${node} has an rmap item whose anon_vma is gone`);
      pages[anon] = pages[anon]! + 1;
    }
  }
}

/** A dirty page of a file has its tag, and a tag has a dirty page. */
function checkDirtyTags(m: Machine, report: Report): void {
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    const flags = m.flags[pfn]!;
    if ((flags & (PG_ANON | FREE_FLAGS | PG_MOVABLE_OPS)) !== 0 || !isInItsSlot(m, pfn)) continue;
    const tagged = (m.leafSlots[slotAt(m, m.index[pfn]!)]! & SLOT_DIRTY) !== 0;
    if (tagged !== ((flags & PG_DIRTY) !== 0))
      report(`${formatPfn(pfn)}: dirty is ${!tagged} in its flags, ${tagged} in its slot`);
  }
}

/** Every evictable LRU page has exactly one valid entry, on the list of its flags. */
function checkLru(m: Machine, report: Report): void {
  const entries = new Uint8Array(m.spec.nrPfns);
  for (let list = 0; list < m.lruFirst.length; list++) {
    let chunk = m.lruFirst[list]!;
    let at = m.lruFirstAt[list]!;
    for (let left = m.lruLength[list]!; left > 0; left--) {
      const entry = m.lruEntries[chunk * LRU_CHUNK + at]!;
      const pfn = entry & 0x0fff_ffff;
      const flags = m.flags[pfn]!;
      const valid = m.lruEpoch[pfn] === entry >>> 28 && (flags & PG_LRU) !== 0;
      if (valid && nodeOf(m, pfn) * LRU_LISTS_PER_NODE + lruListOf(flags) === list) entries[pfn] = entries[pfn]! + 1;
      if (++at === LRU_CHUNK) {
        chunk = m.lruChunkNext[chunk]!;
        at = 0;
      }
    }
    let founders = 0;
    const end = m.spec.nrPfns;
    for (let pfn = founderFrom(m, list, m.lruFounderAt[list]!); pfn < end; pfn = founderFrom(m, list, pfn + 1)) {
      founders++;
      if ((m.flags[pfn]! & PG_LRU) !== 0) entries[pfn] = entries[pfn]! + 1;
    }
    if (founders > m.lruFounders[list]!)
      report(`LRU list ${list} has ${founders} founders, and says that it has ${m.lruFounders[list]} at most`);
  }
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    const flags = m.flags[pfn]!;
    if ((flags & PG_LRU) === 0 || lruListOf(flags) < 0) continue;
    if (entries[pfn] !== 1) report(`${formatPfn(pfn)} is on the LRU, and has ${entries[pfn]} valid entries`);
    if ((flags & PG_ISOLATED) !== 0) report(`${formatPfn(pfn)} is isolated and on the LRU`);
  }
}
