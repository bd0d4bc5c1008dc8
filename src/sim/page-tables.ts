import { MIGRATE_UNMOVABLE } from '../mm/migratetype.js';
import { PG_PGTABLE } from '../mm/page-flags.js';
import { NO_PAGE } from '../mm/units.js';
import { type Machine, SCALAR, TABLE_ENTRIES } from './machine.js';
import { allocatePages, putPage } from './page-allocator.js';
import { nodeOfCpu } from './pageblocks.js';
import { returnToPool, takeFromPool } from './pool.js';

/**
 * Page tables: three levels of 512 entries, so 2^27 virtual pages (512 GiB) a process. Every table stands for one kernel
 * page, which is taken from the machine and never moves.
 */
export const MAX_VPN = 2 ** 27;
const LEVEL_BITS = 9;
const IN_TABLE = TABLE_ENTRIES - 1;

/** Where the entry of a virtual page is in `ptes`; 0 if its table does not exist. */
export function pteAt(m: Machine, mm: number, vpn: number): number {
  const pmd = m.ptes[m.mmPgd[mm]! * TABLE_ENTRIES + (vpn >>> (2 * LEVEL_BITS))]!;
  if (pmd === 0) return 0;
  const table = m.ptes[pmd * TABLE_ENTRIES + ((vpn >>> LEVEL_BITS) & IN_TABLE)]!;
  return table === 0 ? 0 : table * TABLE_ENTRIES + (vpn & IN_TABLE);
}

export function pteOf(m: Machine, mm: number, vpn: number): number {
  const at = pteAt(m, mm, vpn);
  return at === 0 ? 0 : m.ptes[at]!;
}

/*
 * Entries change by these four alone. On a machine that threads share, other CPUs walk the tables without any lock, and
 * set the dirty bit of an entry themselves, as hardware does: what an entry was is known only by exchanging it.
 */

/** Stores an entry where none is present: nothing that another CPU could have changed is lost. */
export function setPte(m: Machine, at: number, pte: number): void {
  if (m.others === null) m.ptes[at] = pte;
  else Atomics.store(m.ptes, at, pte);
}

/** Replaces an entry; returns what it was (ptep_get_and_clear). Cached translations are the caller's to flush. */
export function takePte(m: Machine, at: number, replacement: number): number {
  if (m.others !== null) return Atomics.exchange(m.ptes, at, replacement);
  const pte = m.ptes[at]!;
  m.ptes[at] = replacement;
  return pte;
}

/** Sets bits of an entry that stays what it is. */
export function setPteBits(m: Machine, at: number, bits: number): void {
  if (m.others === null) m.ptes[at] = (m.ptes[at]! | bits) >>> 0;
  else Atomics.or(m.ptes, at, bits);
}

/** Clears bits of an entry that stays what it is; returns what it was (ptep_set_wrprotect). */
export function clearPteBits(m: Machine, at: number, bits: number): number {
  if (m.others !== null) return Atomics.and(m.ptes, at, ~bits);
  const pte = m.ptes[at]!;
  m.ptes[at] = (pte & ~bits) >>> 0;
  return pte;
}

/** As `pteAt`, making the tables on the way; 0 if there is no page for one. */
export function ensurePteAt(m: Machine, cpu: number, mm: number, vpn: number): number {
  const pmd = ensureTable(m, cpu, m.mmPgd[mm]! * TABLE_ENTRIES + (vpn >>> (2 * LEVEL_BITS)));
  if (pmd === 0) return 0;
  const table = ensureTable(m, cpu, pmd * TABLE_ENTRIES + ((vpn >>> LEVEL_BITS) & IN_TABLE));
  return table === 0 ? 0 : table * TABLE_ENTRIES + (vpn & IN_TABLE);
}

function ensureTable(m: Machine, cpu: number, at: number): number {
  const there = m.ptes[at]!;
  if (there !== 0) return there;
  const table = createTable(m, cpu);
  if (table !== 0) setPte(m, at, table);
  return table;
}

/** A new, empty table; 0 if there is no page for it. */
export function createTable(m: Machine, cpu: number): number {
  let frame = NO_PAGE;
  if (m.scalars[SCALAR.tablesTakeFrames] !== 0) {
    frame = allocatePages(m, cpu, {
      order: 0,
      type: MIGRATE_UNMOVABLE,
      node: nodeOfCpu(m, cpu),
      highest: 'Normal',
      mark: 'min',
    });
    if (frame === NO_PAGE) return 0;
    m.flags[frame] = PG_PGTABLE;
  }
  const table = takeFromPool(m, m.tableNext, SCALAR.tableFree, SCALAR.tableFill, 'page tables');
  m.tableFrame[table] = frame === NO_PAGE ? 0 : frame + 1;
  m.scalars[SCALAR.tablesUsed] = m.scalars[SCALAR.tablesUsed]! + 1;
  return table;
}

/** Frees a process's tables; its entries have all been cleared before (free_pgtables). */
export function freeTables(m: Machine, cpu: number, mm: number): void {
  const pgd = m.mmPgd[mm]!;
  for (let i = pgd * TABLE_ENTRIES; i < (pgd + 1) * TABLE_ENTRIES; i++) {
    const pmd = m.ptes[i]!;
    if (pmd === 0) continue;
    for (let j = pmd * TABLE_ENTRIES; j < (pmd + 1) * TABLE_ENTRIES; j++)
      if (m.ptes[j] !== 0) freeTable(m, cpu, m.ptes[j]!);
    freeTable(m, cpu, pmd);
  }
  freeTable(m, cpu, pgd);
  m.mmPgd[mm] = 0;
}

function freeTable(m: Machine, cpu: number, table: number): void {
  m.ptes.fill(0, table * TABLE_ENTRIES, (table + 1) * TABLE_ENTRIES);
  if (m.tableFrame[table] !== 0) putPage(m, cpu, m.tableFrame[table]! - 1);
  m.tableFrame[table] = 0;
  m.scalars[SCALAR.tablesUsed] = m.scalars[SCALAR.tablesUsed]! - 1;
  returnToPool(m, m.tableNext, SCALAR.tableFree, table);
}
