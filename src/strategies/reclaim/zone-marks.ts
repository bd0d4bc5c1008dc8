import type { MemoryHost } from '../../host/memory-host.js';
import { BLOCK_ABSENT, BLOCK_OFFLINE, blocksOf } from '../../mm/memory-block.js';
import type { Order } from '../../mm/units.js';
import { ZONE_KINDS } from '../../mm/zone.js';
import { blocksShort, zoneWatermarkOk } from './watermark.js';

const NO_BUGS: ReadonlySet<string> = new Set();

/** The zones of a machine, by node from the least capable of serving user memory to the most, and how they stand. */
export class ZoneMarks {
  /** Zones of each node that has any, lowest kind first (pgdat->node_zones). */
  readonly nodes: ReadonlyArray<readonly number[]>;

  constructor(private readonly host: MemoryHost) {
    const rank = (zone: number) => ZONE_KINDS.indexOf(host.layout.zones[zone]!.kind);
    const byNode = new Map<number, number[]>();
    for (const [zone, { node }] of host.layout.zones.entries()) byNode.set(node, [...(byNode.get(node) ?? []), zone]);
    this.nodes = [...byNode.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, ids]) => ids.sort((a, b) => rank(a) - rank(b)));
  }

  /** False for a zone all of whose memory is offline or absent (present_pages == 0). */
  isPresent(zone: number): boolean {
    const { layout } = this.host;
    return blocksOf(layout.zones[zone]!, layout.blockPages).some((block) => {
      const state = this.host.blockState(block);
      return state !== BLOCK_ABSENT && state !== BLOCK_OFFLINE;
    });
  }

  /**
   * zone_watermark_ok for an allocation that could have gone as high as zone `from`, the zone itself if absent.
   */
  isOk(zone: number, order: Order, mark: 'low' | 'high', bugs: ReadonlySet<string> = NO_BUGS, from = zone): boolean {
    return zoneWatermarkOk(this.host.free, zone, this.#test(zone, order, mark, from), bugs);
  }

  /** Zones with memory that an allocation of the order would find below their mark. */
  below(order: Order, mark: 'low' | 'high'): number[] {
    return this.nodes.flat().filter((zone) => this.isPresent(zone) && !this.isOk(zone, order, mark));
  }

  /** Blocks of the order that all these zones lack, at least; those that have too few pages in all do not count. */
  blocksShort(order: Order, mark: 'low' | 'high'): number {
    const short = this.below(order, mark).map((zone) =>
      blocksShort(this.host.free, zone, this.#test(zone, order, mark, zone)),
    );
    return short.filter(Number.isFinite).reduce((sum, blocks) => sum + blocks, 0);
  }

  #test(zone: number, order: Order, mark: 'low' | 'high', from: number) {
    const { zones } = this.host.layout;
    const { kind, lowmemReserve } = zones[zone]!;
    const held = lowmemReserve[kind];
    return {
      order,
      mark: this.host.free.watermark(zone, mark, kind) - held,
      protection: lowmemReserve[zones[from]!.kind],
    };
  }
}
