/** Frames further apart than this are not of one movement: nobody waited for the second. */
const MOVEMENT_MS = 400;

/** How long frames take, and how far they lie apart while the map is moved. */
export class FrameMeter {
  #painted = 0;
  #longest = 0;
  #longestGap = 0;
  #lastFrame = 0;
  #lastMove = Number.NEGATIVE_INFINITY;

  /** The view has changed: a frame is due. */
  move(): void {
    this.#lastMove = performance.now();
  }

  /** True while somebody moves the map: then frames must not be late. */
  isMoving(now: number): boolean {
    return now - this.#lastMove < MOVEMENT_MS;
  }

  painted(begin: number, end: number): void {
    this.#painted++;
    this.#longest = Math.max(this.#longest, end - begin);
    const isMoving = this.#lastMove >= this.#lastFrame && this.#lastFrame > 0;
    if (isMoving && end - this.#lastFrame < MOVEMENT_MS)
      this.#longestGap = Math.max(this.#longestGap, end - this.#lastFrame);
    this.#lastFrame = end;
  }

  take(): { painted: number; longest: number; longestGap: number } {
    const taken = { painted: this.#painted, longest: this.#longest, longestGap: this.#longestGap };
    this.#painted = this.#longest = this.#longestGap = 0;
    return taken;
  }
}
