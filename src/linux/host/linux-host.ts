import { VacateError } from '../../base/vacate-error.js';
import type { MemoryHost, MemoryLayout, Room } from '../../host/memory-host.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { BLOCK_ABSENT, BLOCK_OFFLINE, BLOCK_ONLINE, type BlockState, blockRange } from '../../mm/memory-block.js';
import type { PageColumns } from '../../mm/page-columns.js';
import { PG_BUDDY, PG_NOPAGE } from '../../mm/page-flags.js';
import { mergeRanges, type PfnRange } from '../../mm/pfn-range.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import { type StateWord, wordBackTo } from '../hotplug/state-words.js';
import type { LinuxTree } from '../linux-tree.js';
import { blockPath, MEMORY_DEVICES, readBlock } from '../sysfs-memory.js';
import { type BlockWriter, DirectBlockWriter } from './block-writer.js';
import { hostColumns, markFreeBlocks } from './host-columns.js';
import { KernelOnlyVerbs } from './kernel-only-verbs.js';
import { LinuxFreeMemory } from './linux-free-memory.js';
import { LinuxPageView } from './linux-page-view.js';
import { LinuxReclaim, LinuxSwapSpace } from './linux-reclaim.js';

/** The kernel was asked and said no: the block is as it was. */
const REFUSALS = ['EBUSY', 'EINVAL', 'EINTR', 'EAGAIN', 'ENOMEM'];

/**
 * A Linux host as a `MemoryHost`: the pages as they were read, the states of blocks as they are now. Pages can be judged
 * over it and blocks taken off line; the single steps of migration are the kernel's own, and each throws a VacateError
 * of kind "host" (`host-verbs.ts` says why).
 *
 * @example
 * const tree = new LinuxTree();
 * const host = new LinuxHost(tree, readCapture('captures/this-host'));
 * host.offlineBlock(40); // waits for the kernel; false if it refuses
 */
export class LinuxHost extends KernelOnlyVerbs implements MemoryHost {
  readonly name: string;
  readonly layout: MemoryLayout;
  readonly columns: PageColumns;
  readonly pages: LinuxPageView;
  readonly free: LinuxFreeMemory;
  readonly reclaim: LinuxReclaim;
  readonly swap: LinuxSwapSpace;
  /** Zone that a block was in before it went, as valid_zones named it. */
  readonly #zoneBefore = new Map<BlockId, string | null>();

  constructor(
    readonly tree: LinuxTree,
    image: MachineImage,
    private readonly writer: BlockWriter = new DirectBlockWriter(tree),
  ) {
    super();
    const { name, nrPfns, nrCpus, blockPages, zones, dimms, kernel = null } = image;
    this.name = name;
    this.layout = { nrPfns, nrCpus, kernel, blockPages, zones, dimms };
    this.columns = hostColumns(image);
    this.pages = new LinuxPageView(this.columns);
    this.free = new LinuxFreeMemory(this.columns, zones, image.migratetypes ?? null);
    this.reclaim = new LinuxReclaim(tree);
    this.swap = new LinuxSwapSpace(tree);
  }

  /** As sysfs says now. */
  blockState(block: BlockId): BlockState {
    return readBlock(this.tree, block)?.state ?? BLOCK_ABSENT;
  }

  zoneOf(pfn: Pfn): number {
    return this.layout.zones.findIndex(({ start, end }) => pfn >= start && pfn < end);
  }

  /** What `free` has outside the ranges, above the min watermarks. */
  roomOutside(without: readonly PfnRange[]): Room {
    const excluded = mergeRanges(without);
    const byZone = this.layout.zones.map((zone, index) => {
      let nrFree = this.free.nrPages(index);
      for (const range of excluded) nrFree -= this.#nrFreeIn(range, zone);
      return Math.max(0, nrFree - this.free.watermark(index, 'min', 'Movable'));
    });
    return { pages: byZone.reduce((sum, pages) => sum + pages, 0), byZone };
  }

  /**
   * Waits until the kernel has emptied the block, or gives up; false if it says no.
   *
   * @throws VacateError kind 'range' for a block that is not there or not online, 'host' if it cannot be asked.
   */
  offlineBlock(block: BlockId): boolean {
    const before = readBlock(this.tree, block);
    if (before === null || before.state !== BLOCK_ONLINE) throw this.#notIn(block, 'online');
    if (!this.#write(block, 'offline')) return false;
    this.#zoneBefore.set(block, before.zones[0] ?? null);
    const { start, end } = blockRange(block, this.layout.blockPages);
    this.columns.flags.fill(PG_NOPAGE, start, end);
    for (const column of [this.columns.count, this.columns.mapcount]) column.fill(0, start, end);
    this.free.forget();
    return true;
  }

  /**
   * Back into the zone it had when this host took it off line, or else into the one that the kernel chooses.
   *
   * @throws VacateError kind 'range' for a block that is not there or not offline, 'host' if the kernel refuses.
   */
  onlineBlock(block: BlockId): void {
    if (this.blockState(block) !== BLOCK_OFFLINE) throw this.#notIn(block, 'offline');
    if (!this.#write(block, wordBackTo(this.#zoneBefore.get(block) ?? null))) {
      throw new VacateError('host', `The kernel refuses to bring memory block ${block} online; see its log (dmesg).`);
    }
    // What comes online is free, all of it.
    const { start, end } = blockRange(block, this.layout.blockPages);
    this.columns.flags.fill(PG_BUDDY, start, end);
    markFreeBlocks(this.columns, start, end);
    this.free.forget();
  }

  /** The kernel's own invariants are its own business; ours are that blocks and pages agree. */
  validate(): string[] {
    const { blockPages, nrPfns } = this.layout;
    if (!this.tree.has(MEMORY_DEVICES)) return [];
    const wrong: string[] = [];
    for (let block = 0; block * blockPages < nrPfns; block++) {
      if (this.blockState(block) === BLOCK_ONLINE) continue;
      const { start, end } = blockRange(block, blockPages);
      const pfn = this.columns.flags.subarray(start, end).findIndex((flags) => (flags & PG_NOPAGE) === 0);
      if (pfn >= 0) wrong.push(`memory block ${block} is not online, and page ${start + pfn} of it is there`);
    }
    return wrong;
  }

  #write(block: BlockId, word: StateWord): boolean {
    const error = this.writer.write(block, word);
    if (error === null) return true;
    if (REFUSALS.includes(error)) return false;
    const remedy = error === 'EACCES' || error === 'EPERM' ? ': run as root' : '';
    throw new VacateError(
      'host',
      `${this.tree.at(blockPath(block))}/state cannot be written (${error})${remedy}; nothing was changed.`,
    );
  }

  #nrFreeIn(range: PfnRange, zone: PfnRange): number {
    const { flags } = this.columns;
    let nr = 0;
    for (let pfn = Math.max(range.start, zone.start); pfn < Math.min(range.end, zone.end); pfn++)
      if ((flags[pfn]! & PG_BUDDY) !== 0) nr++;
    return nr;
  }

  #notIn(block: BlockId, wanted: string): VacateError {
    return new VacateError('range', `Memory block ${block} of ${this.name} is not ${wanted}; nothing was changed.`);
  }
}
