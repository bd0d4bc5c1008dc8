import { NR_PAGE_ORDERS } from '../mm/units.js';

/** What /proc/pagetypeinfo says of one zone. */
export interface ZoneTypes {
  /** Pageblocks by the name of their migratetype. */
  readonly nrBlocks: ReadonlyMap<string, number>;
  /** Free blocks by the name of their migratetype, and by order. */
  readonly free: ReadonlyMap<string, readonly number[]>;
}

/** By "node/kind". */
export type Pagetypeinfo = ReadonlyMap<string, ZoneTypes>;

/** Two tables: free blocks by zone, type and order; pageblocks by zone and type (mm/vmstat.c pagetypeinfo_show). */
export function parsePagetypeinfo(text: string): Pagetypeinfo {
  const zones = new Map<string, { nrBlocks: Map<string, number>; free: Map<string, number[]> }>();
  const zoneOf = (node: string, kind: string) => {
    const key = `${node}/${kind}`;
    const known = zones.get(key) ?? { nrBlocks: new Map<string, number>(), free: new Map<string, number[]>() };
    zones.set(key, known);
    return known;
  };
  let types: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^Number of blocks type\s+(.*)$/.exec(line)?.[1];
    if (heading !== undefined) types = heading.trim().split(/\s+/);
    const list = /^Node\s+(\d+), zone\s+(\S+), type\s+(\S+)\s+(.*)$/.exec(line);
    // A list too long to be walked is written as ">100000".
    if (list !== null) zoneOf(list[1]!, list[2]!).free.set(list[3]!, numbersOf(list[4]!).slice(0, NR_PAGE_ORDERS));
    const blocks = /^Node\s+(\d+), zone\s+(\S+)((?:\s+\d+)+)\s*$/.exec(line);
    if (blocks === null || types.length === 0) continue;
    for (const [index, nr] of numbersOf(blocks[3]!).entries()) {
      const type = types[index];
      if (type !== undefined) zoneOf(blocks[1]!, blocks[2]!).nrBlocks.set(type, nr);
    }
  }
  return zones;
}

function numbersOf(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
