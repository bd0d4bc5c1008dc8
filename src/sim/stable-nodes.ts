import { assert } from '../base/assert.js';
import { VacateError } from '../base/vacate-error.js';
import { PG_KSM } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';
import {
  clearIndex,
  createMapping,
  MAPPING_ANON,
  MAPPING_KSM,
  mappingOfPage,
  releaseMapping,
  setIndex,
} from './mappings.js';
import { returnToPool, takeFromPool } from './pool.js';

/**
 * The stable nodes of KSM, mm/ksm.c. A page that is shared by contents has a node in place of an anon_vma: its index is the
 * node's place in the one mapping of kind KSM. A node knows its page (kpfn) and a list of rmap items, each an anon_vma and an
 * offset in it: from there reverse maps go on as for any anonymous page, and so find those who forked since. An item keeps
 * its anon_vma alive, and stays, stale or not, as long as the page does.
 */
export function isStable(m: Machine, pfn: Pfn): boolean {
  return m.mapKind[mappingOfPage(m, pfn)] === MAPPING_KSM;
}

/** The node of a page that has one. */
export function stableNodeOf(m: Machine, pfn: Pfn): number {
  return m.index[pfn]! - m.mapBase[m.scalars[SCALAR.ksmMapping]!]!;
}

/**
 * Moves a page from its anon_vma to a node of its own, with an item for the place that it leaves (stable_tree_insert).
 *
 * @throws VacateError kind 'limit' if the machine has no room for another node.
 */
export function makeStable(m: Machine, pfn: Pfn): void {
  const mapping = ksmMapping(m);
  const node = takeFromPool(m, m.nodeNext, SCALAR.nodeFree, SCALAR.nodeFill, 'stable nodes');
  addRmapItem(m, node, pfn);
  clearIndex(m, pfn);
  setIndex(m, pfn, m.mapBase[mapping]! + node);
  m.nodePage[node] = pfn + 1;
  m.flags[pfn] = m.flags[pfn]! | PG_KSM;
}

/** Where an anonymous page is in its anon_vma, as one more place at which a node's page is mapped (stable_tree_append). */
export function addRmapItem(m: Machine, node: number, pfn: Pfn): void {
  const anon = mappingOfPage(m, pfn);
  const offset = m.index[pfn]! - m.mapBase[anon]!;
  for (let item = m.nodeItems[node]!; item !== 0; item = m.itemNext[item]!)
    if (m.itemAnon[item] === anon && m.itemOffset[item] === offset) return;
  const item = takeFromPool(m, m.itemNext, SCALAR.itemFree, SCALAR.itemFill, 'rmap items');
  m.itemAnon[item] = anon;
  m.itemOffset[item] = offset;
  m.itemNext[item] = m.nodeItems[node]!;
  m.nodeItems[node] = item;
  m.mapCached[anon] = m.mapCached[anon]! + 1;
}

/** A node's page has another frame (folio_migrate_ksm). */
export function moveStableNode(m: Machine, source: Pfn, target: Pfn): void {
  if (isStable(m, source)) m.nodePage[stableNodeOf(m, source)] = target + 1;
}

/** The page is being freed: its node goes, and so do the items (remove_node_from_stable_tree). */
export function leaveStableNode(m: Machine, pfn: Pfn): void {
  if (!isStable(m, pfn)) return;
  const node = stableNodeOf(m, pfn);
  assert(m.nodePage[node] === pfn + 1, 'a stable node knows its page');
  for (let item = m.nodeItems[node]!; item !== 0; ) {
    const next = m.itemNext[item]!;
    const anon = m.itemAnon[item]!;
    m.mapCached[anon] = m.mapCached[anon]! - 1;
    if (m.mapKind[anon] === MAPPING_ANON) releaseMapping(m, anon);
    m.itemAnon[item] = 0;
    m.itemOffset[item] = 0;
    returnToPool(m, m.itemNext, SCALAR.itemFree, item);
    item = next;
  }
  m.nodeItems[node] = 0;
  m.nodePage[node] = 0;
  returnToPool(m, m.nodeNext, SCALAR.nodeFree, node);
  clearIndex(m, pfn);
}

/** The mapping whose places are stable nodes, made on first use. */
function ksmMapping(m: Machine): number {
  const nrNodes = m.nodePage.length;
  if (nrNodes === 0)
    throw new VacateError(
      'limit',
      'the machine has no room for pages that KSM merges; give it capacity.rmapItems when building it',
    );
  if (m.scalars[SCALAR.ksmMapping] === 0) m.scalars[SCALAR.ksmMapping] = createMapping(m, MAPPING_KSM, nrNodes);
  return m.scalars[SCALAR.ksmMapping]!;
}
