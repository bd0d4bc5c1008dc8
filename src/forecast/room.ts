import type { MemoryHost } from '../host/memory-host.js';
import type { BlockId } from '../mm/units.js';
import type { Survey } from './survey.js';
import type { RoomForecast } from './verdict.js';

/** Pages that have to move, by what zones may take them. */
export interface Movers {
  /** Out of zone Movable: they may go anywhere. */
  readonly fromMovable: number;
  /** Out of the kernel's zones: never into Movable (alloc_migration_target, mm/migrate.c, asks for no high memory). */
  readonly fromKernel: number;
}

/** The machine's free memory and what could become free, block by block, so that any set of blocks can be left out. */
export class RoomBook {
  /** By zone, with the pages on per-CPU lists and less the min watermark. */
  readonly #spare: number[];
  readonly #isMovable: boolean[];
  /** Zone of each block's first page; -1 for none. */
  readonly #zoneOfBlock: Int32Array;
  readonly #total: { cache: number; swappable: number };
  readonly #freeSlots: number;
  readonly #perCpu: number[];

  constructor(
    host: MemoryHost,
    readonly survey: Survey,
  ) {
    const { zones, blockPages } = host.layout;
    this.#isMovable = zones.map(({ kind }) => kind === 'Movable');
    this.#zoneOfBlock = Int32Array.from(survey.free, (_, block) => host.zoneOf(block * blockPages));
    this.#spare = zones.map((_, zone) => host.free.nrPages(zone) - host.free.watermark(zone, 'min', 'Movable'));
    this.#perCpu = zones.map(() => 0);
    for (const [block, pages] of survey.perCpu.entries()) {
      const zone = this.#zoneOfBlock[block]!;
      if (zone < 0) continue;
      this.#spare[zone] = this.#spare[zone]! + pages;
      this.#perCpu[zone] = this.#perCpu[zone]! + pages;
    }
    const sum = (counts: Uint32Array) => counts.reduce((total, pages) => total + pages, 0);
    this.#total = { cache: sum(survey.cache), swappable: sum(survey.swappable) };
    this.#freeSlots = Math.max(0, host.swap.slots - host.swap.used);
  }

  /** Zone of a block's first page; -1 for none. */
  zoneOf(block: BlockId): number {
    return this.#zoneOfBlock[block] ?? -1;
  }

  /** Pages on per-CPU lists of the zone that a block is in. */
  perCpuBeside(block: BlockId): number {
    return this.#perCpu[this.zoneOf(block)] ?? 0;
  }

  isInMovable(block: BlockId): boolean {
    return this.#isMovable[this.zoneOf(block)] ?? false;
  }

  /** Free pages above the marks when these blocks are gone: in the kernel's zones, and in all. */
  spareWithout(blocks: readonly BlockId[]): { inKernel: number; all: number } {
    const spare = [...this.#spare];
    for (const block of blocks) {
      const zone = this.zoneOf(block);
      if (zone >= 0) spare[zone] = spare[zone]! - this.survey.free[block]!;
    }
    let inKernel = 0;
    let all = 0;
    for (const [zone, pages] of spare.entries()) {
      all += Math.max(0, pages);
      if (!this.#isMovable[zone]) inKernel += Math.max(0, pages);
    }
    return { inKernel, all };
  }

  /** Room outside of some blocks for what has to leave them. */
  roomFor(blocks: readonly BlockId[], { fromMovable, fromKernel }: Movers): RoomForecast {
    const { inKernel, all } = this.spareWithout(blocks);
    const without = (counts: Uint32Array, total: number) =>
      blocks.reduce((left, block) => left - (counts[block] ?? 0), total);
    const swappable = without(this.survey.swappable, this.#total.swappable);
    return {
      free: fromMovable > 0 || fromKernel === 0 ? all : inKernel,
      cache: without(this.survey.cache, this.#total.cache),
      swappable: Math.min(swappable, this.#freeSlots),
      missing: Math.max(0, fromKernel - inKernel, fromKernel + fromMovable - all),
    };
  }
}
