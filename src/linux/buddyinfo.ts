import type { LinuxTree } from './linux-tree.js';

const BUDDYINFO = '/proc/buddyinfo';
/** No kernel is built for so many (CONFIG_NODES_SHIFT is 10 at most, MAX_NR_ZONES 6), or for such orders. */
const ROWS_MAX = 6 * 1024;
const ORDERS_MAX = 32;

/** A line of /proc/buddyinfo: free blocks of a zone by order. */
export interface BuddyinfoRow {
  readonly node: number;
  /** As the kernel calls it, "Movable". */
  readonly zone: string;
  /** Indexed by order; free pages on per-CPU lists are not among them. */
  readonly free: readonly number[];
}

/** What the kernel says now (frag_show, mm/vmstat.c); lines that are none of its are left out, null without the file. */
export function readBuddyinfo(tree: LinuxTree): BuddyinfoRow[] | null {
  const text = tree.text(BUDDYINFO);
  if (text === null) return null;
  const rows: BuddyinfoRow[] = [];
  for (const line of text.split('\n')) {
    const [, node = '', zone = '', numbers = ''] =
      /^Node (\d{1,4}), zone\s+([A-Za-z]\w{0,15})\s+(\d[\d ]*)$/.exec(line) ?? [];
    if (node === '' || rows.length >= ROWS_MAX) continue;
    const free = numbers.trim().split(/ +/).slice(0, ORDERS_MAX).map(Number);
    if (free.every(Number.isSafeInteger)) rows.push({ node: Number(node), zone, free });
  }
  return rows;
}

/** Free blocks of 2^order pages that a line holds: one of a higher order counts as several. */
export function freeBlocksOf({ free }: BuddyinfoRow, order: number): number {
  let nr = 0;
  for (let size = order; size < free.length; size++) nr += free[size]! * 2 ** (size - order);
  return nr;
}
