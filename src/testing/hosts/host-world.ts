import type { MemoryHost } from '../../host/memory-host.js';
import { FREE_FLAGS, PG_NOPAGE } from '../../mm/page-flags.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import { type ConformanceCase, ConformanceFailure } from '../conformance.js';
import type { HostRule } from './rules.js';

/** A case of the kit for hosts. */
export type HostCase = ConformanceCase<HostRule>;

/** A host at rest, and what the cases need to know of it. */
export interface HostWorld {
  readonly host: MemoryHost;
  /** A block that is online and can go off line as it is; null if there is none. */
  readonly spareBlock: BlockId | null;
  /** A block that is online and cannot go off line as it is; null if there is none. */
  readonly busyBlock: BlockId | null;
  /** Takes a block off line in whatever steps the host needs for it; false, all undone, if it is refused. */
  takeOffline(block: BlockId): boolean;
}

/** Opens a fresh host, always alike: each case has one of its own. */
export type OpenHost = () => HostWorld;

/**
 * A host did not do what the port promises.
 *
 * @example
 * new HostFailure('a free page is locked').because; // "a free page is locked"
 */
export class HostFailure extends ConformanceFailure {
  override readonly name = 'HostFailure';

  override under(rule: string, culprit: string): HostFailure {
    return new HostFailure(this.because, rule, culprit);
  }
}

/** For loops over all pages, where no sentence should be made before it is needed. */
export function fail(because: string): never {
  throw new HostFailure(because);
}

export function expectThat(condition: boolean, because: string): asserts condition {
  if (!condition) fail(because);
}

export function expectSame<T>(found: T, expected: T, what: string): void {
  expectThat(found === expected, `${what} is ${String(found)}, not ${String(expected)}`);
}

/** A case on a world of its own. */
export const onHost = (open: OpenHost, rule: HostRule, name: string, run: (world: HostWorld) => void): HostCase => ({
  name,
  rule,
  run: () => run(open()),
});

/** A world for all cases that only look: it is built once, when the first of them runs. */
export function shared(open: OpenHost): OpenHost {
  let world: HostWorld | null = null;
  return () => {
    world ??= open();
    return world;
  };
}

/** One more than the highest block number that the layout leaves room for. */
export function nrBlocksOf({ layout }: MemoryHost): number {
  return Math.ceil(layout.nrPfns / layout.blockPages);
}

export function isFree(host: MemoryHost, pfn: Pfn): boolean {
  return (host.columns.flags[pfn]! & FREE_FLAGS) !== 0;
}

/** A page that is there: outside all zones a host may leave its columns as they came. */
export function exists(host: MemoryHost, pfn: Pfn): boolean {
  return (host.columns.flags[pfn]! & PG_NOPAGE) === 0 && host.zoneOf(pfn) >= 0;
}

/** One number for what the columns hold (FNV-1a), but for the order in which free blocks lie on their lists. */
export function hashOf({ columns }: MemoryHost): number {
  const { flags, count, mapcount, index } = columns;
  let hash = 0x811c9dc5;
  for (let pfn = 0; pfn < flags.length; pfn++) {
    const word = flags[pfn]!;
    hash = Math.imul(hash ^ word, 0x01000193);
    if ((word & FREE_FLAGS) !== 0) continue;
    hash = Math.imul(hash ^ (count[pfn]! * 65_536 + mapcount[pfn]!), 0x01000193);
    hash = Math.imul(hash ^ index[pfn]!, 0x01000193);
  }
  return hash >>> 0;
}

export function statesOf(host: MemoryHost): string {
  return Array.from({ length: nrBlocksOf(host) }, (_, block) => host.blockState(block)).join('');
}

/** Free blocks by zone and order: what a host says of its free lists, without the order in which they lie there. */
export function freeListsOf({ layout, free }: MemoryHost): string {
  return layout.zones
    .map((_, zone) => Array.from({ length: 11 }, (_, order) => free.nrBlocks(zone, order)).join(' '))
    .join('; ');
}
