import { blockRange } from '../../mm/memory-block.js';
import { type BlockId, PAGE_SIZE } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { pageBytesOf } from '../pages/page-size.js';
import { blockPath, readBlock, type SysfsBlock } from '../sysfs-memory.js';
import type { BlockLook, BlockStates } from './block-states.js';
import type { ProcessIdentity } from './process-identity.js';
import { RangeLook } from './range-look.js';
import { targetRoomIn } from './target-room.js';
import { type WriteEnd, WriterProcess } from './writer-process.js';

const UNSEEN = { pages: null, pfns: [], hash: 0, words: null } as const;

/**
 * The memory blocks of a host below a root. Two processes that can write are kept ready: when one has to be ended, what
 * went must be brought back at once, and Node takes its time to start.
 */
export class SysfsBlockStates implements BlockStates {
  #writer: WriterProcess | null = null;
  #spare: WriterProcess | null = null;
  readonly #range: RangeLook;
  readonly #blockPages: number;

  constructor(
    private readonly tree: LinuxTree,
    blockBytes: number,
  ) {
    this.#blockPages = blockBytes / (pageBytesOf(tree) ?? PAGE_SIZE);
    this.#range = new RangeLook(tree);
  }

  /** Begins to start both processes, while there is something else to do. */
  prepare(): void {
    this.#writer ??= new WriterProcess();
    this.#spare ??= new WriterProcess();
  }

  read(block: BlockId): SysfsBlock | null {
    return readBlock(this.tree, block);
  }

  async writer(): Promise<ProcessIdentity> {
    if (this.#writer === null || this.#writer.hasEnded) {
      this.#writer = this.#spare ?? new WriterProcess();
      this.#spare = null;
    }
    return this.#writer.ready();
  }

  async write(block: BlockId, word: string): Promise<WriteEnd> {
    // Only this word may have to be interrupted; what brings blocks back should not share the processors.
    if (word === 'offline') this.#spare ??= new WriterProcess();
    return this.writeFile(`${blockPath(block)}/state`, word);
  }

  async writeFile(path: string, word: string): Promise<WriteEnd> {
    await this.writer();
    return this.#writer!.write({ path: this.tree.at(path), word });
  }

  async interrupt(): Promise<boolean> {
    return (await this.#writer?.end()) ?? true;
  }

  look(block: BlockId): BlockLook {
    const { pages, pfns, hash, words } = this.#range.usedIn(blockRange(block, this.#blockPages)) ?? UNSEEN;
    const vmstat = this.#textOrNull('/proc/vmstat');
    const counter = (name: string) => {
      const count = new RegExp(`^${name} (\\d{1,20})$`, 'm').exec(vmstat ?? '')?.[1];
      return count === undefined ? null : Number(count);
    };
    return {
      pages,
      pfns,
      pagesHash: hash,
      words,
      migrated: counter('pgmigrate_success'),
      failed: counter('pgmigrate_fail'),
    };
  }

  targetRoom(): number | null {
    const zoneinfo = this.#textOrNull('/proc/zoneinfo');
    return zoneinfo === null ? null : targetRoomIn(zoneinfo);
  }

  async close(): Promise<void> {
    this.#range.close();
    await Promise.all([this.#writer?.end(), this.#spare?.end()]);
  }

  /** What only tells how far things are must not stop them. */
  #textOrNull(path: string): string | null {
    try {
      return this.tree.text(path);
    } catch {
      return null;
    }
  }
}
