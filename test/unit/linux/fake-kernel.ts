import { setImmediate } from 'node:timers/promises';
import type { BlockLook, BlockStates, Clock } from '../../../src/linux/hotplug/block-states.js';
import type { WriteEnd } from '../../../src/linux/hotplug/writer-process.js';
import type { SysfsBlock } from '../../../src/linux/sysfs-memory.js';
import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE, BLOCK_ONLINE, type BlockState } from '../../../src/mm/memory-block.js';
import type { BlockId } from '../../../src/mm/units.js';

/** What the kernel does when it is asked to take a block offline. */
export type Manner =
  /** It goes, after so long. */
  | { readonly does: 'go'; readonly afterMs: number }
  /** An errno, after so long. */
  | { readonly does: 'refuse'; readonly afterMs: number; readonly error: string }
  /** Never ends: these many pages stay and fail in each pass (0: nothing is even tried). */
  | { readonly does: 'loop'; readonly pages: number; readonly isFailing: boolean }
  /** Never ends, and cannot be interrupted. */
  | { readonly does: 'hang' };

export interface FakeBlock {
  readonly zone: string;
  state: BlockState;
  /** Online memory that comes back into another zone than it was told to. */
  readonly comesBackTo?: string;
  /** So often it is not brought back when it should be. */
  refusesOnline?: number;
  readonly offline: Manner;
}

/** The machine goes down with whoever works on it; thrown through the code under test. */
export class Killed extends Error {}

const PAGES = 1000;

/** A kernel that does what it is told, in a time that takes none. */
export class FakeKernel implements BlockStates, Clock {
  readonly asked: string[] = [];
  /** Files that take a write, and what happens then. */
  readonly files = new Map<string, () => WriteEnd>();
  room: number | null = 100_000;
  #now = 0;
  #migrated = 0;
  #failed = 0;
  #pending: { readonly block: BlockId; readonly since: number; end: (end: WriteEnd) => void } | null = null;

  constructor(readonly blocks: Map<BlockId, FakeBlock>) {}

  /** What there is to be compared: states and zones. */
  get picture(): string[] {
    return [...this.blocks].map(([block, { state }]) => `${block} ${state} ${this.read(block)?.zones.join()}`);
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number): Promise<void> {
    await this.within(ms, new Promise(() => {}));
  }

  async within(ms: number, promise: Promise<unknown>): Promise<boolean> {
    let hasEnded = false;
    const end = () => {
      hasEnded = true;
    };
    promise.then(end, end);
    const until = this.#now + ms;
    for (;;) {
      // Everybody who can go on without waiting does.
      await setImmediate();
      if (hasEnded || this.#now >= until) return hasEnded;
      this.#now = Math.min(until, this.#nextEvent());
      this.#settle();
    }
  }

  read(block: BlockId): SysfsBlock | null {
    const fake = this.blocks.get(block);
    if (fake === undefined) return null;
    const zone = this.#movedTo.get(block) ?? fake.zone;
    const zones = fake.state === BLOCK_ONLINE ? [zone] : ['Normal', 'Movable'];
    return { block, state: fake.state, isRemovable: true, zones, areZonesKnown: true, node: 0 };
  }

  async writer(): Promise<null> {
    return null;
  }

  write(block: BlockId, word: string): Promise<WriteEnd> {
    this.asked.push(`${block} ${word}`);
    const fake = this.blocks.get(block);
    if (fake === undefined) return Promise.resolve({ error: 'ENOENT' });
    if (word !== 'offline') return Promise.resolve(this.#online(block, fake, word));
    fake.state = BLOCK_GOING_OFFLINE;
    return new Promise((resolve) => {
      this.#pending = { block, since: this.#now, end: resolve };
    });
  }

  async writeFile(path: string, word: string): Promise<WriteEnd> {
    this.asked.push(`${path} ${word}`);
    return this.files.get(path)?.() ?? { error: 'ENOENT' };
  }

  async interrupt(): Promise<boolean> {
    const pending = this.#pending;
    if (pending === null) return true;
    if (this.blocks.get(pending.block)?.offline.does === 'hang') return false;
    this.#finish(BLOCK_ONLINE, 'EINTR');
    return true;
  }

  /** What the kernel does when the writing process dies with its parent: it backs off, or it was faster. */
  dieWithParent(wasFaster: boolean): void {
    if (this.#pending !== null) this.#finish(wasFaster ? BLOCK_OFFLINE : BLOCK_ONLINE, 'EINTR');
  }

  look(block: BlockId): BlockLook {
    const fake = this.blocks.get(block);
    const pending = this.#pending?.block === block ? this.#pending : null;
    const manner = fake?.offline;
    const emptied = pending === null ? 0 : this.#now - pending.since;
    const floor = manner?.does === 'loop' ? manner.pages : 0;
    const pages = pending === null ? PAGES : Math.max(floor, PAGES - emptied);
    if (pending !== null && manner?.does === 'loop' && manner.isFailing) this.#failed += manner.pages;
    if (pages < PAGES) this.#migrated++;
    return { pages, pfns: [block * 32768], pagesHash: pages, migrated: this.#migrated, failed: this.#failed };
  }

  targetRoom(): number | null {
    return this.room;
  }

  readonly #movedTo = new Map<BlockId, string>();

  #online(block: BlockId, fake: FakeBlock, word: string): WriteEnd {
    if (fake.state !== BLOCK_OFFLINE) return { error: 'EINVAL' };
    if ((fake.refusesOnline ?? 0) > 0) {
      fake.refusesOnline!--;
      return { error: 'EBUSY' };
    }
    fake.state = BLOCK_ONLINE;
    this.#movedTo.set(block, fake.comesBackTo ?? (word === 'online_movable' ? 'Movable' : 'Normal'));
    return { error: null };
  }

  #nextEvent(): number {
    const manner = this.#pending === null ? undefined : this.blocks.get(this.#pending.block)?.offline;
    return manner !== undefined && 'afterMs' in manner
      ? this.#pending!.since + manner.afterMs
      : Number.POSITIVE_INFINITY;
  }

  #settle(): void {
    const pending = this.#pending;
    const manner = pending === null ? undefined : this.blocks.get(pending.block)?.offline;
    if (pending === null || manner === undefined || manner.does === 'loop' || manner.does === 'hang') return;
    if (this.#now - pending.since < manner.afterMs) return;
    if (manner.does === 'go') this.#finish(BLOCK_OFFLINE, null);
    else this.#finish(BLOCK_ONLINE, manner.error);
  }

  #finish(state: BlockState, error: string | null): void {
    const { block, end } = this.#pending!;
    this.#pending = null;
    this.blocks.get(block)!.state = state;
    end({ error });
  }
}
