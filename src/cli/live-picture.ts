import type { Context } from './context.js';

/** Lines below the picture that a terminal keeps for the cursor. */
const SPARE_ROWS = 2;

/** A picture that is drawn again in the same place while somebody watches; elsewhere only `finish` prints it. */
export class LivePicture {
  constructor(private readonly context: Context) {}

  /** Lines that a picture may have; 0 if nobody watches. */
  get room(): number {
    return this.context.isWatched ? Math.max(0, this.context.rows - SPARE_ROWS) : 0;
  }

  /** True if redrawing `nrLines` lines works: a terminal, and tall enough. */
  canShow(nrLines: number): boolean {
    return this.context.isWatched && nrLines <= this.room;
  }

  draw(lines: readonly string[]): void {
    if (!this.canShow(lines.length)) return;
    this.context.progress.stop();
    this.context.surface.draw(lines);
  }

  /** The last picture, which stays. */
  finish(lines: readonly string[]): void {
    this.context.print(lines.join('\n'));
  }

  /** Takes it away. */
  clear(): void {
    this.context.surface.clear();
  }
}
