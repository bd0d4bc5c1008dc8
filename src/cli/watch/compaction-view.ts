import { freeBlocksOf, readBuddyinfo } from '../../linux/buddyinfo.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { formatPages } from '../../mm/units.js';
import { type MapSource, mapGroups } from '../../picture/map-rows.js';
import type { Context } from '../context.js';
import { LivePicture } from '../live-picture.js';
import { drawMap } from '../memory-map.js';
import { formatStep, type Step } from '../progress.js';
import { formatCount } from '../wording.js';
import type { Watching } from './job-view.js';

export interface CompactionScene {
  readonly watching: Watching;
  readonly title: string;
  readonly tree: LinuxTree;
  readonly order: number;
  /** The only node that is compacted; null for all. */
  readonly node: number | null;
  /** What the map is drawn of; null if the pages are not looked at. */
  readonly memory: MapSource | null;
  /** The memory that is compacted. */
  readonly only: readonly PfnRange[];
}

/** A map of fewer rows shows nothing. */
const ROWS_MIN = 2;
const ROWS_MAX = 40;

/**
 * A kernel that compacts memory: how much it has looked at, how many free blocks there are by its own count, and the map
 * of the pages as they were read last. Where a terminal is too small for that, there is the line of progress.
 */
export class CompactionView {
  readonly #picture: LivePicture;
  readonly #begun = performance.now();
  readonly #freeBefore: number | null;
  #readAt = this.#begun;

  constructor(
    private readonly context: Context,
    private readonly scene: CompactionScene,
  ) {
    this.#picture = new LivePicture(context);
    this.#freeBefore = this.#freeBlocks();
  }

  /** Whether there is a map that follows when pages are read again. */
  get showsMap(): boolean {
    return this.scene.memory !== null && this.#isDrawn;
  }

  /** The pages of the map have just been read again. */
  noteRead(): void {
    this.#readAt = performance.now();
  }

  show(step: Step): void {
    if (this.#isDrawn) this.#picture.draw(this.#lines(step));
    else this.context.progress.update(step);
  }

  close(): void {
    this.#picture.clear();
    this.context.progress.stop();
  }

  get #isDrawn(): boolean {
    return this.context.isWatched && this.scene.watching.watch !== false && this.#picture.room >= NR_LINES;
  }

  #freeBlocks(): number | null {
    const { tree, order, node } = this.scene;
    const rows = readBuddyinfo(tree)?.filter((row) => node === null || row.node === node) ?? [];
    return rows.length === 0 ? null : rows.reduce((sum, row) => sum + freeBlocksOf(row, order), 0);
  }

  #lines(step: Step): string[] {
    const { columns, palette } = this.context;
    const cut = (line: string) => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`);
    const now = performance.now();
    const lines = [
      palette.bold(cut(this.scene.title)),
      cut(`  ${formatStep(step, now - this.#begun, columns - 2)}`),
      cut(`  ${this.#freeText()}`),
    ];
    return [...lines, ...this.#map(this.#picture.room - lines.length, cut, now)];
  }

  #freeText(): string {
    const free = this.#freeBlocks();
    if (free === null || this.#freeBefore === null) return 'the kernel does not tell of free blocks';
    const change = free - this.#freeBefore;
    const than =
      change === 0 ? 'as in the beginning' : `${formatCount(Math.abs(change))} ${change < 0 ? 'fewer' : 'more'}`;
    return `free blocks of ${formatPages(2 ** this.scene.order)}: ${formatCount(free)}, ${than}`;
  }

  /** As much of the map and its legend as there are lines for. */
  #map(room: number, cut: (line: string) => string, now: number): string[] {
    const { memory, watching, only } = this.scene;
    if (memory === null) return [];
    const rowsMax = Math.min(ROWS_MAX, room - 1 - mapGroups(memory, only).length);
    if (rowsMax < ROWS_MIN) return [];
    const { palette, columns } = this.context;
    const { lines, legend } = drawMap(memory, { palette, columns, by: watching.map ?? 'type', rowsMax, only });
    const age = palette.dim(cut(`  pages as they were ${Math.floor((now - this.#readAt) / 1000)} s ago`));
    if (lines.length + 1 > room) return [];
    return lines.length + legend.length + 1 > room ? [...lines, age] : [...lines, ...legend, age];
  }
}

/** The title, and what the kernel tells. */
const NR_LINES = 3;
