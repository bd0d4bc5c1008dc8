import { alignDown, alignUp } from '../base/bits.js';
import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { mergeRanges, nrPagesIn, type PfnRange, totalPages } from '../mm/pfn-range.js';
import { formatPfn, PAGEBLOCK_PAGES } from '../mm/units.js';
import { NO_LOWMEM_RESERVE, type Watermarks, ZONE_KINDS, type ZoneKind, type ZoneShape } from '../mm/zone.js';
import type { MemoryBlock } from './memory-blocks.js';
import type { ZoneRecord } from './zoneinfo.js';

/** A zone and the pageblocks that are its own: one run of them, unless zones interleave. */
export interface PlacedZone {
  readonly record: ZoneRecord;
  readonly ranges: readonly PfnRange[];
}

/** "Zone DMA32", with the node where there are several. */
export function nameOf({ record }: PlacedZone, zones: readonly PlacedZone[]): string {
  const isAlone = zones.every((zone) => zone.record.node === record.node);
  return `Zone ${record.kind}${isAlone ? '' : ` of node ${record.node}`}`;
}

/**
 * Gives every pageblock to one zone. Spans are rounded outward, as migratetypes belong to whole pageblocks. Spans may
 * overlap since Linux 4.13 ("mm, memory_hotplug: remove zone restrictions"): DIMMs of one zone lie between those of
 * another. What blocks say of themselves then decides, and else the zone that begins later, as it is the inner one.
 */
export function placeZones(
  records: readonly ZoneRecord[],
  blocks: readonly MemoryBlock[],
  blockPages: number,
  caveats: string[],
): PlacedZone[] {
  const spans = [...records].sort((a, b) => a.start - b.start).map((record) => roundSpan(record, caveats));
  const blockAt = new Map(blocks.filter(({ state }) => state !== BLOCK_OFFLINE).map((block) => [block.block, block]));
  const owned = new Map<ZoneRecord, PfnRange[]>(spans.map(({ record }) => [record, []]));
  let isShared = false;
  for (const piece of piecesOf(spans, blocks, blockPages)) {
    const candidates = spans.filter(({ start, end }) => start <= piece.start && piece.end <= end);
    const block = blockAt.get(Math.floor(piece.start / blockPages));
    const named = candidates.filter(({ record }) => record.kind === block?.zoneKinds[0]);
    const owner = (named.length > 0 ? named : candidates).at(-1);
    if (owner !== undefined) owned.get(owner.record)?.push(piece);
    isShared ||= block !== undefined && candidates.length > 1 && named.length !== 1;
  }
  if (isShared) {
    caveats.push(
      'Zones overlap where memory_blocks does not say which zone is meant; the one that begins later is taken.',
    );
  }
  const placed = spans.map(({ record }) => ({ record, ranges: mergeRanges(owned.get(record) ?? []) }));
  return placed.filter(({ ranges }) => ranges.length > 0);
}

type Span = PfnRange & { readonly record: ZoneRecord };

function roundSpan(record: ZoneRecord, caveats: string[]): Span {
  const start = alignDown(record.start, PAGEBLOCK_PAGES);
  const end = alignUp(record.end, PAGEBLOCK_PAGES);
  // The first zone begins at pfn 1, as the firmware has page 0: nothing is lost by counting that page in.
  if (start !== record.start && start > 0) {
    caveats.push(
      `Zone ${record.kind} begins at ${formatPfn(record.start)}, inside a pageblock, which is counted whole.`,
    );
  }
  if (end !== record.end) {
    caveats.push(`Zone ${record.kind} ends at ${formatPfn(record.end)}, inside a pageblock, which is counted whole.`);
  }
  return { record, start, end };
}

/** Runs of pageblocks inside which neither a zone nor a memory block begins or ends. */
function piecesOf(spans: readonly Span[], blocks: readonly MemoryBlock[], blockPages: number): PfnRange[] {
  const cuts = new Set<number>();
  for (const { start, end } of spans) cuts.add(start).add(end);
  for (const { block } of blocks) {
    cuts.add(alignDown(block * blockPages, PAGEBLOCK_PAGES)).add(alignDown((block + 1) * blockPages, PAGEBLOCK_PAGES));
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => ({ start: sorted[index] as number, end }));
}

/** A zone in several places becomes as many, each with its share of the watermarks and reserves. */
export function zoneShapes(zones: readonly PlacedZone[], caveats: string[]): ZoneShape[] {
  const shapes: ZoneShape[] = [];
  for (const zone of zones) {
    const { record, ranges } = zone;
    if (ranges.length > 1) {
      caveats.push(
        `${nameOf(zone, zones)} lies in ${ranges.length} places, with other zones between; each is treated as a zone ` +
          'of its own, with its share of the watermarks.',
      );
    }
    const nrPages = totalPages(ranges);
    for (const range of ranges) {
      const share = nrPagesIn(range) / nrPages;
      shapes.push({
        node: record.node,
        kind: record.kind,
        start: range.start,
        end: range.end,
        watermarks: scaled(record.watermarks, share),
        lowmemReserve: scaled(record.lowmemReserve, share),
      });
    }
  }
  return shapes.sort((a, b) => a.start - b.start);
}

function scaled<T extends { readonly [K in keyof T]: number }>(numbers: T, share: number): T {
  const entries = Object.entries<number>(numbers).map(([name, number]) => [name, Math.round(number * share)] as const);
  return Object.fromEntries(entries) as unknown as T;
}

const NO_WATERMARKS: Watermarks = { min: 0, low: 0, high: 0 };

/** Without zoneinfo: the zones that blocks name, from first to last block; a nameless block joins its neighbour. */
export function deriveZones(
  blocks: readonly MemoryBlock[] | null,
  blockPages: number,
  nrPfns: number,
  caveats: string[],
): ZoneRecord[] {
  const kinds = nameBlocks(blocks ?? []);
  if (kinds.size === 0) {
    caveats.push(
      'The capture has no zoneinfo and memory_blocks names no zone: all memory is treated as one zone Normal of node ' +
        '0, without watermarks, on one CPU.',
    );
    return [unmeasured('Normal', { start: 0, end: nrPfns })];
  }
  caveats.push(
    'The capture has no zoneinfo: zones are those that memory_blocks names, all on node 0, without watermarks, on ' +
      'one CPU.',
  );
  const spans = new Map<ZoneKind, PfnRange>();
  for (const [block, kind] of kinds) {
    const span = spans.get(kind);
    spans.set(kind, { start: span?.start ?? block * blockPages, end: (block + 1) * blockPages });
  }
  return [...spans].map(([kind, span]) => unmeasured(kind, span));
}

/** Zone of each online block, ascending; one that names none takes the next block's, or else the one before it. */
function nameBlocks(blocks: readonly MemoryBlock[]): Map<number, ZoneKind> {
  const online = blocks.filter(({ state }) => state !== BLOCK_OFFLINE);
  const own = online.map(({ zoneKinds }) => ZONE_KINDS.find((kind) => kind === zoneKinds[0]));
  const named = new Map<number, ZoneKind>();
  for (const [index, { block }] of online.entries()) {
    const kind =
      own[index] ?? own.slice(index).find((next) => next !== undefined) ?? own.findLast((any) => any !== undefined);
    if (kind !== undefined) named.set(block, kind);
  }
  return named;
}

function unmeasured(kind: ZoneKind, { start, end }: PfnRange): ZoneRecord {
  return { node: 0, kind, start, end, watermarks: NO_WATERMARKS, lowmemReserve: NO_LOWMEM_RESERVE, counters: null };
}

/** What a derived block can know of its zone: the kind, if the block is in one zone whole. */
export function nameZonesOf(
  blocks: readonly MemoryBlock[],
  zones: readonly PlacedZone[],
  blockPages: number,
): MemoryBlock[] {
  return blocks.map((block) => {
    const start = block.block * blockPages;
    const holder = zones.find(({ ranges }) =>
      ranges.some((range) => range.start <= start && start + blockPages <= range.end),
    );
    return { ...block, zoneKinds: holder === undefined ? [] : [holder.record.kind] };
  });
}
