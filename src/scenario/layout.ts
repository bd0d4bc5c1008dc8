import { BLOCK_ONLINE, type BlockState, blocksOf, type Dimm } from '../mm/memory-block.js';
import { nrPagesIn, type PfnRange, rangeOf } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';
import { PAGE_SIZE } from '../mm/units.js';
import { watermarksFromMin, ZONE_KINDS, type ZoneKind, type ZoneShape } from '../mm/zone.js';
import type { ContentsKind } from '../sim/machine.js';
import type { Scenario, ScenarioNode } from './schema.js';

/** Machines up to 64 MiB hold real bytes unless told otherwise: above, tokens are what runs in a moment. */
const BYTES_PAGES_MAX = (64 * 1024 * 1024) / PAGE_SIZE;
const KIB_IN_PAGE = PAGE_SIZE / 1024;

/** What `on` can name: a DIMM, or all memory of a node. */
export interface Place {
  readonly name: string;
  readonly node: number;
  readonly range: PfnRange;
  /** True if kernel pages may stand there: it is not all zone Movable. */
  readonly takesKernelPages: boolean;
}

/** Where everything lies in physical memory. */
export interface Layout {
  readonly nrPfns: number;
  readonly nrCpus: number;
  readonly blockPages: number;
  readonly contents: ContentsKind;
  readonly zones: readonly ZoneShape[];
  readonly blocks: ReadonlyArray<{ readonly block: BlockId; readonly state: BlockState }>;
  readonly dimms: readonly Dimm[];
  readonly places: ReadonlyMap<string, Place>;
}

/** A zone as yet without its reserves, which depend on the other zones. */
type ZoneSpan = Pick<ZoneShape, 'node' | 'kind' | 'start' | 'end'>;

/**
 * Lays memory out node after node: boot memory, then kernel DIMMs, then movable ones, so that each zone of a node is one
 * run. Zone DMA32 is the start of node 0's boot memory, as low addresses are on real machines.
 */
export function layoutOf(scenario: Scenario): Layout {
  const spans: ZoneSpan[] = [];
  const dimms: Dimm[] = [];
  const places = new Map<string, Place>();
  let start = 0;
  for (const [id, node] of scenario.nodes.entries())
    start = layNode(scenario, id, node, start, { spans, dimms, places });
  return {
    nrPfns: start,
    nrCpus: scenario.cpus ?? Math.max(2, scenario.nodes.length),
    blockPages: scenario.blockSize,
    contents: scenario.contents ?? (start <= BYTES_PAGES_MAX ? 'bytes' : 'token'),
    zones: withReserves(spans, scenario),
    blocks: blocksOf({ start: 0, end: start }, scenario.blockSize).map((block) => ({ block, state: BLOCK_ONLINE })),
    dimms,
    places,
  };
}

export function nodeName(node: ScenarioNode, id: number): string {
  return node.name ?? `node${id}`;
}

interface Laid {
  readonly spans: ZoneSpan[];
  readonly dimms: Dimm[];
  readonly places: Map<string, Place>;
}

/** Lays one node out from `start`; returns where it ends. */
function layNode(scenario: Scenario, id: number, node: ScenarioNode, start: number, laid: Laid): number {
  const dma32End = id === 0 ? Math.min(node.boot, scenario.dma32) : start;
  let end = start + node.boot;
  const ends: Partial<Record<'kernel' | 'movable', number>> = {};
  for (const zone of ['kernel', 'movable'] as const) {
    for (const { name, size } of node.dimms.filter((dimm) => dimm.zone === zone)) {
      const range = rangeOf(end, size);
      laid.dimms.push({ name, node: id, range });
      laid.places.set(name, { name, node: id, range, takesKernelPages: zone === 'kernel' });
      end = range.end;
    }
    ends[zone] = end;
  }
  const kernelEnd = ends.kernel as number;
  const zoneEnds = [dma32End, kernelEnd, end];
  let from = start;
  for (const [at, kind] of (['DMA32', 'Normal', 'Movable'] as const).entries()) {
    const to = zoneEnds[at] as number;
    if (to > from) laid.spans.push({ node: id, kind, start: from, end: to });
    from = to;
  }
  const name = nodeName(node, id);
  laid.places.set(name, { name, node: id, range: { start, end }, takesKernelPages: kernelEnd > start });
  return end;
}

function isKernelZone({ kind }: ZoneSpan): boolean {
  return kind !== 'Movable';
}

function withReserves(spans: readonly ZoneSpan[], { watermarks }: Scenario): ZoneShape[] {
  const kernelPages = spans.filter(isKernelZone).reduce((sum, span) => sum + nrPagesIn(span), 0);
  const total = watermarks?.min ?? minFreePages(kernelPages);
  return spans.map((span) => {
    const share = nrPagesIn(span) / kernelPages;
    const derived = watermarksFromMin(isKernelZone(span) ? Math.ceil(total * share) : movableMin(nrPagesIn(span)));
    const stated = (pages: number | undefined, otherwise: number) =>
      pages === undefined || !isKernelZone(span) ? otherwise : Math.ceil(pages * share);
    const low = stated(watermarks?.low, derived.low);
    const high = Math.max(low, stated(watermarks?.high, derived.high));
    return { ...span, watermarks: { min: derived.min, low, high }, lowmemReserve: lowmemReserve(span, spans) };
  });
}

/** min_free_kbytes = 4 * sqrt(lowmem_kbytes), between 128 KiB and 256 MiB (calculate_min_free_kbytes, mm/page_alloc.c). */
function minFreePages(kernelPages: number): number {
  const kib = Math.floor(Math.sqrt(kernelPages * KIB_IN_PAGE * 16));
  return Math.ceil(Math.min(Math.max(kib, 128), 262_144) / KIB_IN_PAGE);
}

/** A thousandth of zone Movable, 32 to 128 pages (__setup_per_zone_wmarks). */
function movableMin(pages: number): number {
  return Math.min(Math.max(Math.floor(pages / 1024), 32), 128);
}

/** sysctl lowmem_reserve_ratio as Linux sets it at boot. */
const LOWMEM_RESERVE_RATIO: Readonly<Record<ZoneKind, number>> = { DMA: 256, DMA32: 256, Normal: 32, Movable: 0 };

/** What a zone keeps from allocations that could have had a higher zone of its node (setup_per_zone_lowmem_reserve). */
function lowmemReserve(span: ZoneSpan, spans: readonly ZoneSpan[]): Record<ZoneKind, number> {
  const reserve: Record<ZoneKind, number> = { DMA: 0, DMA32: 0, Normal: 0, Movable: 0 };
  const ratio = LOWMEM_RESERVE_RATIO[span.kind];
  let above = 0;
  for (const kind of ZONE_KINDS.slice(ZONE_KINDS.indexOf(span.kind) + 1)) {
    for (const other of spans) if (other.node === span.node && other.kind === kind) above += nrPagesIn(other);
    if (ratio > 0) reserve[kind] = Math.floor(above / ratio);
  }
  return reserve;
}
