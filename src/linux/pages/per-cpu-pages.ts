import type { LinuxTree } from '../linux-tree.js';

const ZONEINFO = '/proc/zoneinfo';

/**
 * Free pages on the lists of all CPUs, by zone as `zoneKey` names it (zoneinfo_show_print, mm/vmstat.c). They are free
 * for their CPU, and part of no free block. Empty without the file.
 *
 * @throws VacateError kind 'host' if it cannot be read.
 */
export function readPerCpuPages(tree: LinuxTree): ReadonlyMap<string, number> {
  const pages = new Map<string, number>();
  let zone: string | null = null;
  for (const line of tree.text(ZONEINFO)?.split('\n') ?? []) {
    const title = /^Node (\d{1,4}), zone\s+([A-Za-z]\w{0,15})$/.exec(line);
    if (title !== null) zone = zoneKey({ node: Number(title[1]), zone: title[2]! });
    const count = /^\s+count:\s*(\d{1,12})$/.exec(line)?.[1];
    if (count !== undefined && zone !== null) pages.set(zone, (pages.get(zone) ?? 0) + Number(count));
  }
  return pages;
}

/** "0/Movable". */
export function zoneKey({ node, zone }: { readonly node: number; readonly zone: string }): string {
  return `${node}/${zone}`;
}
