import { BLOCK_STATE_NAMES, type BlockState, blockRange } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import { type MapSource, mapGroups } from '../../picture/map-rows.js';
import type { Context } from '../context.js';
import { LivePicture } from '../live-picture.js';
import { drawMap } from '../memory-map.js';
import { formatStep, type Step } from '../progress.js';
import { countOf } from '../wording.js';
import type { Watching } from './job-view.js';

export interface BlocksSight {
  readonly watching: Watching;
  readonly title: string;
  /** Blocks in the order in which they are taken. */
  readonly order: readonly BlockId[];
  /** What the kernel says of a block just now. */
  readonly stateOf: (block: BlockId) => BlockState;
  /** What a map is drawn of; null if the pages are not looked at. */
  readonly memory: MapSource | null;
}

const FRAME_MS = 100;
const LABEL = 6;
const STATE = 15;
/** A map of fewer rows shows nothing. */
const ROWS_MIN = 1;
const ROWS_MAX = 40;

/**
 * Memory blocks that a kernel takes offline one after the other: the state of each, and how far the one in hand is. On a
 * terminal that is not tall enough, those around the one in hand.
 */
export class BlocksView {
  readonly #picture: LivePicture;
  readonly #begun = performance.now();
  #block: BlockId | null = null;
  #since = 0;
  #nextAt = 0;

  constructor(
    private readonly context: Context,
    private readonly sight: BlocksSight,
  ) {
    this.#picture = new LivePicture(context);
  }

  /** Where a block stands; in a line of progress where there is no room for more. */
  show(block: BlockId, step: Step): void {
    const { context, sight } = this;
    if (!context.isWatched || sight.watching.watch === false || this.#room < 1) {
      context.progress.update(step);
      return;
    }
    const now = performance.now();
    if (block !== this.#block) {
      this.#block = block;
      this.#since = now;
      this.#nextAt = 0;
    }
    if (now < this.#nextAt) return;
    this.#nextAt = now + FRAME_MS;
    this.#picture.draw(this.#lines(block, step, now));
  }

  close(): void {
    this.#picture.clear();
  }

  /** Blocks that there is a line for, beside the title and the sum. */
  get #room(): number {
    return this.#picture.room - 2;
  }

  #lines(block: BlockId, step: Step, now: number): string[] {
    const { sight, context } = this;
    const { palette, columns } = context;
    const cut = (line: string) => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`);
    const seconds = Math.floor((now - this.#begun) / 1000);
    const first = Math.max(0, Math.min(sight.order.indexOf(block) - 1, sight.order.length - this.#room));
    const states = new Map(sight.order.map((each) => [each, sight.stateOf(each)]));
    const rows = sight.order.slice(first, first + this.#room).map((each) => {
      const head = `${`${each}`.padStart(LABEL)}  ${BLOCK_STATE_NAMES[states.get(each)!].padEnd(STATE)}`;
      if (each !== block) return cut(head);
      return cut(head + formatStep({ ...step, label: '' }, now - this.#since, columns - head.length - 1).trimStart());
    });
    const offline = [...states.values()].filter((state) => BLOCK_STATE_NAMES[state] === 'offline').length;
    const sum = `${offline} of ${countOf(sight.order.length, 'block')} offline, ${seconds} s`;
    const lines = [palette.bold(cut(sight.title)), ...rows, cut(`  ${sum}`)];
    return [...lines, ...this.#map(this.#picture.room - lines.length)];
  }

  /** The map of the blocks, if there are lines for it; and for what it means, if there are more. */
  #map(room: number): string[] {
    const { sight, context } = this;
    const { memory, watching, order } = sight;
    if (memory === null) return [];
    const only = order.map((block) => blockRange(block, memory.spec.blockPages));
    const rowsMax = Math.min(ROWS_MAX, room - mapGroups(memory, only).length);
    if (rowsMax < ROWS_MIN) return [];
    const { palette, columns } = context;
    const { lines, legend } = drawMap(memory, { palette, columns, by: watching.map ?? 'type', rowsMax, only });
    if (lines.length > room) return [];
    return lines.length + legend.length > room ? [...lines] : [...lines, ...legend];
  }
}
