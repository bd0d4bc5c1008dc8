import type { BlockCopy } from './block-book.js';
import type { EventTally } from './event-tally.js';
import { lastAtMost } from './timeline.js';

/** Everything at one moment. */
export interface Keyframe {
  readonly moment: number;
  readonly event: number;
  readonly pages: Uint8Array;
  readonly blocks: BlockCopy;
  readonly tally: EventTally;
}

/** Frames nearer to each other than this save nothing. */
const INTERVAL_MIN = 100_000;

/**
 * Copies of memory along a run, so that no jump plays more than the moments between two of them. They take a bounded
 * number of bytes: when there are too many, every other one goes, and the next come half as often.
 */
export class Keyframes {
  #frames: Keyframe[] = [];
  #interval = INTERVAL_MIN;

  constructor(private readonly bytesMax: number) {}

  /** The last one that is not later; the beginning is always there. */
  lastBefore(moment: number): Keyframe {
    return this.#frames[
      Math.max(
        0,
        lastAtMost(this.#frames, moment, (frame) => frame.moment),
      )
    ]!;
  }

  /** True if a copy of the memory of this moment is wanted, which would take so many bytes. */
  isDue(moment: number, bytes: number): boolean {
    const last = this.#frames.at(-1)!;
    return moment >= last.moment + Math.max(this.#interval, bytes / 16) && 2 * bytes <= this.bytesMax;
  }

  keep(frame: Keyframe): void {
    this.#frames.push(frame);
    if (this.#frames.length * frame.pages.length <= this.bytesMax || this.#frames.length < 2) return;
    this.#frames = this.#frames.filter((_, at) => at % 2 === 0);
    this.#interval *= 2;
  }
}
