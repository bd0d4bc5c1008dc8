import type { Migratetype } from '../mm/migratetype.js';
import { PG_HEAD, PG_HUGE, PG_KSM, PG_LRU, PG_PCP, PG_TAIL } from '../mm/page-flags.js';
import { PCP_BATCH_SCALE_MAX } from '../mm/pcp.js';
import { NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import { ZONE_KINDS, type ZoneKind } from '../mm/zone.js';
import { freeBlock } from './buddy.js';
import { splitCompound } from './compound-pages.js';
import { linkBack, poisonContents, setLinkBack } from './contents.js';
import { releaseHugePage } from './hugetlb-pool.js';
import { placeOnLru } from './lru.js';
import { LRU_ADD_BATCH, type Machine, PCP_BATCH, PCP_TYPES } from './machine.js';
import { clearIndex } from './mappings.js';
import { refSet, refSub } from './page-ref.js';
import { countInUse, isIsolated, pageblockType, zoneOf } from './pageblocks.js';
import { leaveStableNode } from './stable-nodes.js';
import { takeBlock } from './take-block.js';

/** Which mark a zone must stay above, include/linux/mmzone.h. */
export type WatermarkName = 'min' | 'low' | 'high';

/** Zones that an allocation may use, in the order in which it tries them. */
export function zonelist(m: Machine, node: number, highest: ZoneKind): readonly number[] {
  return m.zonelists[node * ZONE_KINDS.length + ZONE_KINDS.indexOf(highest)]!;
}

/** Pages that must stay free in a zone after an allocation that could have gone as high as `highest`. */
export function reserveOf(m: Machine, zone: number, mark: WatermarkName, highest: ZoneKind): number {
  const marks = mark === 'min' ? m.watermarkMin : mark === 'low' ? m.watermarkLow : m.watermarkHigh;
  return marks[zone]! + m.spec.zones[zone]!.lowmemReserve[highest];
}

/** zone_watermark_ok, order 0 part: so many pages may go before the mark is reached. */
export function freeAbove(m: Machine, zone: number, mark: WatermarkName, highest: ZoneKind): number {
  return m.nrFree[zone]! - reserveOf(m, zone, mark, highest);
}

export interface AllocationRequest {
  readonly order: Order;
  readonly type: Migratetype;
  readonly node: number;
  readonly highest: ZoneKind;
  readonly mark: WatermarkName;
  /** False: the zones of `node` are left out, as a node mask without it would; absent, they come first. */
  readonly ownNode?: boolean;
}

/**
 * 2^order pages with count 1, or NO_PAGE (get_page_from_freelist). Order-0 pages come from the CPU's own list.
 * Reclaim is the caller's business.
 */
export function allocatePages(m: Machine, cpu: number, request: AllocationRequest): Pfn {
  const { order, type, node, highest, mark, ownNode = true } = request;
  for (const zone of zonelist(m, node, highest)) {
    if (!ownNode && m.spec.zones[zone]!.node === node) continue;
    if (freeAbove(m, zone, mark, highest) < 2 ** order) {
      if (order !== 0 || m.pcpCount[pcpAt(m, cpu, zone, type)] === 0 || mark !== 'min') continue;
    }
    const pfn = order === 0 ? takeFromPcp(m, cpu, zone, type) : takeBlock(m, zone, type, order);
    if (pfn === NO_PAGE) continue;
    prepareNewPages(m, pfn, order);
    return pfn;
  }
  return NO_PAGE;
}

/** A fresh page: count 1, no flags (prep_new_page). Contents are what the last owner left, poisoned. */
export function prepareNewPages(m: Machine, pfn: Pfn, order: Order): void {
  for (let page = pfn; page < pfn + 2 ** order; page++) {
    m.flags[page] = 0;
    refSet(m, page, 1);
    m.mapcount[page] = 0;
    m.index[page] = 0;
  }
}

function pcpAt(m: Machine, cpu: number, zone: number, type: Migratetype): number {
  return (cpu * m.spec.zones.length + zone) * PCP_TYPES + type;
}

function takeFromPcp(m: Machine, cpu: number, zone: number, type: Migratetype): Pfn {
  const list = pcpAt(m, cpu, zone, type);
  const pair = cpu * m.spec.zones.length + zone;
  m.pcpFreed[pair] = m.pcpFreed[pair]! >> 1;
  if (m.pcpCount[list] === 0) refill(m, list, zone, type);
  const head = m.pcpHead[list]!;
  if (head === 0) return NO_PAGE;
  unlinkFromPcp(m, list, head - 1);
  return head - 1;
}

function refill(m: Machine, list: number, zone: number, type: Migratetype): void {
  const batch = m.spec.pcp?.[zone]?.batch ?? PCP_BATCH;
  for (let taken = 0; taken < batch; taken++) {
    const pfn = takeBlock(m, zone, type, 0);
    if (pfn === NO_PAGE) return;
    linkToPcp(m, list, pfn, 'cold');
  }
}

function linkToPcp(m: Machine, list: number, pfn: Pfn, end: 'hot' | 'cold'): void {
  m.flags[pfn] = PG_PCP;
  m.mapcount[pfn] = 0;
  countInUse(m, pfn, 0, -1);
  const neighbour = end === 'hot' ? m.pcpHead[list]! : m.pcpTail[list]!;
  m.index[pfn] = end === 'hot' ? neighbour : 0;
  setLinkBack(m, pfn, end === 'hot' ? 0 : neighbour);
  if (neighbour !== 0) {
    if (end === 'hot') setLinkBack(m, neighbour - 1, pfn + 1);
    else m.index[neighbour - 1] = pfn + 1;
  }
  if (end === 'hot' || neighbour === 0) m.pcpHead[list] = pfn + 1;
  if (end === 'cold' || neighbour === 0) m.pcpTail[list] = pfn + 1;
  m.pcpCount[list] = m.pcpCount[list]! + 1;
}

function unlinkFromPcp(m: Machine, list: number, pfn: Pfn): void {
  const next = m.index[pfn]!;
  const previous = linkBack(m, pfn);
  if (previous === 0) m.pcpHead[list] = next;
  else m.index[previous - 1] = next;
  if (next === 0) m.pcpTail[list] = previous;
  else setLinkBack(m, next - 1, previous);
  m.flags[pfn] = 0;
  m.index[pfn] = 0;
  countInUse(m, pfn, 0, 1);
  m.pcpCount[list] = m.pcpCount[list]! - 1;
}

/** Flushes every CPU's free lists into buddy (drain_all_pages). */
export function drainPcp(m: Machine): void {
  for (let list = 0; list < m.pcpHead.length; list++) {
    while (m.pcpTail[list] !== 0) flushColdest(m, list);
  }
}

/** True if no page is on any CPU's free lists. */
export function hasDrainedPcp(m: Machine): boolean {
  for (let list = 0; list < m.pcpCount.length; list++) if (m.pcpCount[list] !== 0) return false;
  return true;
}

function flushColdest(m: Machine, list: number): void {
  const pfn = m.pcpTail[list]! - 1;
  unlinkFromPcp(m, list, pfn);
  freeBlock(m, pfn, 0);
}

/** Flushes the lists that one CPU has of a zone (drain_local_pages). */
export function drainPcpOf(m: Machine, cpu: number, zone: number): void {
  const first = pcpAt(m, cpu, zone, 0);
  for (let list = first; list < first + PCP_TYPES; list++) while (m.pcpTail[list] !== 0) flushColdest(m, list);
}

/**
 * A page was added to a list: what is too much on the CPU's lists of the zone goes to buddy, the coldest pages of that
 * list first (free_unref_page_commit, free_pcppages_bulk).
 */
function limitPcp(m: Machine, cpu: number, zone: number, type: Migratetype): void {
  const { pcp } = m.spec;
  const pair = cpu * m.spec.zones.length + zone;
  const list = pcpAt(m, cpu, zone, type);
  if (!pcp) {
    if (m.pcpCount[list]! > m.pcpHigh[pair]!) for (let i = 0; i < PCP_BATCH; i++) flushColdest(m, list);
    return;
  }
  const { batch, highMax, flush } = pcp[zone]!;
  const most = batch << PCP_BATCH_SCALE_MAX;
  if (flush === 'counting' && m.pcpFreed[pair]! < most) m.pcpFreed[pair] = m.pcpFreed[pair]! + 1;
  const first = pcpAt(m, cpu, zone, 0);
  const count = m.pcpCount[first]! + m.pcpCount[first + 1]! + m.pcpCount[first + 2]!;
  const high = m.pcpHigh[pair]!;
  if (count < high) return;
  const freed = m.pcpFreed[pair]!;
  let wanted = flush === 'counting' ? freed : batch << freed;
  if (flush === 'counting') m.pcpHigh[pair] = Math.max(high, Math.min(freed + batch, highMax));
  else if (wanted < high - batch && freed < PCP_BATCH_SCALE_MAX) m.pcpFreed[pair] = freed + 1;
  // Without a limit of its own nothing stays on the lists.
  wanted = high < batch ? 1 : Math.min(Math.max(wanted, batch), Math.max(high - batch, batch));
  for (let at = 0, left = Math.min(wanted, count); left > 0; at++) {
    const from = first + ((type + at) % PCP_TYPES);
    for (; left > 0 && m.pcpTail[from] !== 0; left--) flushColdest(m, from);
  }
}

/** Puts a free page on a CPU's list; how a captured machine gets the ones that it had. */
export function addToPcp(m: Machine, cpu: number, pfn: Pfn): void {
  linkToPcp(m, pcpAt(m, cpu, zoneOf(m, pfn), pageblockType(m, pfn)), pfn, 'hot');
}

/**
 * Frees 2^order pages of count 0 (free_unref_page). One page goes to the CPU's list, unless it is isolated: then
 * straight to buddy, where isolation keeps it.
 */
export function freePages(m: Machine, cpu: number, pfn: Pfn, order: Order): void {
  if (order === 0 && (m.flags[pfn]! & (PG_HEAD | PG_TAIL)) !== 0) {
    if ((m.flags[pfn]! & PG_HUGE) !== 0 && releaseHugePage(m, pfn)) return;
    splitCompound(m, pfn);
  }
  for (let page = pfn; page < pfn + 2 ** order; page++) {
    m.flags[page] = 0;
    m.mapcount[page] = 0;
    m.index[page] = 0;
    poisonContents(m, page);
  }
  if (order > 0 || isIsolated(m, pfn)) {
    freeBlock(m, pfn, order);
    return;
  }
  const zone = zoneOf(m, pfn);
  const type = pageblockType(m, pfn);
  linkToPcp(m, pcpAt(m, cpu, zone, type), pfn, 'hot');
  limitPcp(m, cpu, zone, type);
}

/** Drops one reference; the last one takes the page out of its anon_vma and frees it (put_page). */
export function putPage(m: Machine, cpu: number, pfn: Pfn): void {
  if (refSub(m, pfn, 1) !== 0) return;
  if ((m.flags[pfn]! & PG_KSM) !== 0) leaveStableNode(m, pfn);
  clearIndex(m, pfn);
  freePages(m, cpu, pfn, 0);
}

/**
 * Drops one reference of each of 2^order pages that were allocated together and never used, and frees them with `free`.
 * Who found one of them as what it was long ago may hold it for a moment: then that one is freed by his put_page, and the
 * others one by one (__free_pages).
 */
export function putPages(m: Machine, pfn: Pfn, order: Order, free: (m: Machine, pfn: Pfn, order: Order) => void): void {
  let held = 0;
  for (let page = pfn; page < pfn + 2 ** order; page++) if (refSub(m, page, 1) !== 0) held++;
  if (held === 0) free(m, pfn, order);
  else for (let page = pfn; page < pfn + 2 ** order; page++) if (m.count[page] === 0) free(m, page, 0);
}

/**
 * Puts the pages of every CPU's batch onto their LRU lists and drops the batch's references; a page that nobody else
 * holds any more is freed instead (lru_add_drain_all).
 */
export function drainLruAdd(m: Machine): void {
  for (let cpu = 0; cpu < m.spec.nrCpus; cpu++) drainLruAddOf(m, cpu);
}

export function drainLruAddOf(m: Machine, cpu: number): void {
  const nr = m.lruAddCount[cpu]!;
  m.lruAddCount[cpu] = 0;
  for (let i = 0; i < nr; i++) {
    const pfn = m.lruAdd[cpu * LRU_ADD_BATCH + i]!;
    if (m.count[pfn]! > 1) {
      placeOnLru(m, pfn);
      m.flags[pfn] = m.flags[pfn]! | PG_LRU;
    }
    putPage(m, cpu, pfn);
  }
}
