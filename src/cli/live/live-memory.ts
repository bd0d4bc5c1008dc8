import { VacateError } from '../../base/vacate-error.js';
import { readCapture } from '../../capture/index.js';
import type { MemoryLayout } from '../../host/memory-host.js';
import { ImageHost } from '../../linux/host/image-host.js';
import { markGone } from '../../linux/hotplug/range-look.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf, LiveFiles, whyNoPages } from '../../linux/live-files.js';
import { readBlock, readSysfsMemory } from '../../linux/sysfs-memory.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { BLOCK_ABSENT, BLOCK_OFFLINE, type BlockState, blockRange } from '../../mm/memory-block.js';
import { MIGRATE_MOVABLE, type Migratetype } from '../../mm/migratetype.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, MAX_PFN, PAGE_SIZE, type Pfn } from '../../mm/units.js';
import { markFreeOrders } from '../../picture/free-orders.js';
import type { MapSource } from '../../picture/map-rows.js';
import { writeMemoryBytes } from '../../picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE } from '../../picture/page-kinds.js';
import type { Context } from '../context.js';
import { readLive } from '../open-live.js';

/**
 * What is seen of a host's memory while its kernel works: every page as it was read in the beginning, and what has been
 * looked at since. A map can be drawn of it. On a host that does not show its pages, the states of its blocks.
 */
export class LiveMemory {
  readonly source: MapSource & { readonly bytes: Uint8Array };
  /** As `writePageBytes` makes them: free pages have order 0. `source` has the orders. */
  readonly plain: Uint8Array;

  private constructor(
    private readonly tree: LinuxTree,
    readonly name: string,
    readonly layout: MemoryLayout,
    /** Empty where pages cannot be seen. */
    readonly flags: Uint32Array,
    readonly migratetype: (pfn: Pfn) => Migratetype,
    blockState: Uint8Array,
  ) {
    const { nrPfns, blockPages, dimms, zones } = layout;
    this.plain = new Uint8Array(nrPfns);
    writeMemoryBytes(flags, zones, 0, nrPfns, this.plain, 0);
    const bytes = this.plain.slice();
    markFreeOrders(bytes, 0, nrPfns);
    this.source = { bytes, blockState, spec: { nrPfns, blockPages, dimms } };
  }

  /**
   * Reads the host, as far as it shows itself.
   *
   * @throws VacateError kind 'host' if it has more memory than can be shown, or says what makes no sense.
   */
  static async read(context: Context, tree: LinuxTree): Promise<LiveMemory> {
    const obstacle = whyNoPages(tree);
    if (obstacle === null) return LiveMemory.of(tree, (await readLive(tree, context)).image);
    const { blockBytes, blocks } = readSysfsMemory(tree);
    const blockPages = blockBytes / PAGE_SIZE;
    const nrBlocks = 1 + Math.max(-1, ...blocks.map(({ block }) => block));
    if (nrBlocks * blockPages > MAX_PFN + 1) throw new VacateError('host', obstacle);
    const layout = { nrPfns: nrBlocks * blockPages, nrCpus: 1, kernel: null, blockPages, zones: [], dimms: [] };
    const blockState = new Uint8Array(nrBlocks).fill(BLOCK_ABSENT);
    for (const { block, state } of blocks) blockState[block] = state;
    return new LiveMemory(tree, hostNameOf(tree), layout, new Uint32Array(0), () => MIGRATE_MOVABLE, blockState);
  }

  /** The host as an image of it has it. */
  static of(tree: LinuxTree, image: MachineImage): LiveMemory {
    const host = new ImageHost(image);
    const { nrPfns, blockPages } = image;
    const states = Uint8Array.from({ length: Math.ceil(nrPfns / blockPages) }, (_, block) => host.blockState(block));
    return new LiveMemory(tree, host.name, host.layout, image.flags, (pfn) => host.free.migratetype(pfn), states);
  }

  /** Whether single pages can be seen. */
  get hasPages(): boolean {
    return this.flags.length > 0;
  }

  blockState(block: BlockId): BlockState {
    return (this.source.blockState[block] ?? BLOCK_ABSENT) as BlockState;
  }

  /** Pages of a block that the map has. */
  rangeOf(block: BlockId): PfnRange {
    const { start, end } = blockRange(block, this.layout.blockPages);
    return { start: Math.min(start, this.layout.nrPfns), end: Math.min(end, this.layout.nrPfns) };
  }

  /** What was read of a block's pages just now: two words of /proc/kpageflags a page. */
  noteWords(block: BlockId, words: Uint32Array): void {
    const { start, end } = this.rangeOf(block);
    if (!this.hasPages || words.length < 2 * (end - start)) return;
    markGone(words, this.plain.subarray(start, end), KIND_FREE, KIND_HOLE);
    this.#show({ start, end });
  }

  /** What a block is now; pages of one that went are gone, those of one that came back are free. */
  noteState(block: BlockId, state: BlockState): void {
    const before = this.blockState(block);
    if (block >= this.source.blockState.length || before === state) return;
    this.source.blockState[block] = state;
    const range = this.rangeOf(block);
    if (state === BLOCK_OFFLINE) this.plain.fill(KIND_HOLE, range.start, range.end);
    else if (before === BLOCK_OFFLINE) this.plain.fill(KIND_FREE, range.start, range.end);
    else return;
    this.#show(range);
  }

  /** Asks the kernel what a block is now; null if that is as it was, or cannot be read. */
  lookAtState(block: BlockId): BlockState | null {
    let state: BlockState;
    try {
      state = readBlock(this.tree, block)?.state ?? BLOCK_ABSENT;
    } catch (error) {
      if (VacateError.is(error)) return null;
      throw error;
    }
    if (state === this.blockState(block)) return null;
    this.noteState(block, state);
    return state;
  }

  /** Reads all pages once more, for what the kernel did where nobody looked; false if they cannot be read just now. */
  async readAgain(): Promise<boolean> {
    if (!this.hasPages) return false;
    try {
      const { flags, zones } = readCapture(await LiveFiles.read(this.tree));
      if (flags.length !== this.flags.length) return false;
      this.plain.fill(KIND_HOLE);
      writeMemoryBytes(flags, zones, 0, flags.length, this.plain, 0);
      this.#show({ start: 0, end: flags.length });
      return true;
    } catch (error) {
      if (VacateError.is(error)) return false;
      throw error;
    }
  }

  #show({ start, end }: PfnRange): void {
    this.source.bytes.set(this.plain.subarray(start, end), start);
    markFreeOrders(this.source.bytes, start, end);
  }
}
