import type { Context } from './context.js';

const UP = (lines: number) => `\u001b[${lines}A`;
const CLEAR_TO_END = '\u001b[K';
/** Lines below the picture that a terminal keeps for the cursor. */
const SPARE_ROWS = 2;

/** A picture that is drawn again in the same place while somebody watches; elsewhere only `finish` prints it. */
export class LivePicture {
  #nrLines = 0;

  constructor(private readonly context: Context) {}

  /** True if redrawing `nrLines` lines works: a terminal, and tall enough. */
  canShow(nrLines: number): boolean {
    return this.context.isWatched && this.context.rows >= nrLines + SPARE_ROWS;
  }

  draw(lines: readonly string[]): void {
    if (!this.canShow(lines.length)) return;
    this.#paint(lines);
  }

  /** The last picture, which stays. */
  finish(lines: readonly string[]): void {
    this.#paint(lines);
    this.#nrLines = 0;
  }

  #paint(lines: readonly string[]): void {
    const up = this.#nrLines === 0 ? '' : UP(this.#nrLines);
    this.context.print(up + lines.map((line) => line + (this.context.isWatched ? CLEAR_TO_END : '')).join('\n'));
    this.#nrLines = lines.length;
  }
}
