import { formatFlags } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import type { Machine } from '../../sim/machine.js';

/** What a page has in its own columns, and its bytes: what can be compared after each of thousands of steps. */
export interface Frame {
  readonly flags: number;
  readonly count: number;
  readonly mapcount: number;
  readonly index: number;
  /** FNV-1a of its bytes. */
  readonly bytes: number;
}

export function takeFrame(m: Machine, pfn: Pfn): Frame {
  return {
    flags: m.flags[pfn]!,
    count: m.count[pfn]!,
    mapcount: m.mapcount[pfn]!,
    index: m.index[pfn]!,
    bytes: hashOfBytes(m, pfn),
  };
}

/** What a page now has that it had not, or the other way round; null if everything is the same. */
export function sameFrame(m: Machine, frame: Frame, pfn: Pfn): string | null {
  const now = takeFrame(m, pfn);
  if (now.flags !== frame.flags) return `its flags were ${formatFlags(frame.flags)} and are ${formatFlags(now.flags)}`;
  for (const column of ['count', 'mapcount', 'index'] as const)
    if (now[column] !== frame[column]) return `its ${column} was ${frame[column]} and is ${now[column]}`;
  return now.bytes === frame.bytes ? null : 'its bytes are others';
}

function hashOfBytes({ contents, contentWords }: Machine, pfn: Pfn): number {
  let hash = 0x811c9dc5;
  const end = (pfn + 1) * contentWords;
  for (let at = pfn * contentWords; at < end; at++) hash = Math.imul(hash ^ contents[at]!, 0x01000193);
  return hash >>> 0;
}
