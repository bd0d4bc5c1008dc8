import type { PfnRange } from '../mm/pfn-range.js';
import { MAX_PAGE_ORDER } from '../mm/units.js';
import { markFreeOrders } from '../picture/free-orders.js';

/** An area is as large as a free block can be, so that what happens in one changes no order in another. */
const AREA_PAGES = 2 ** MAX_PAGE_ORDER;

/** Which parts of memory have changed: since orders of free blocks were marked, and since somebody asked. */
export class Areas {
  readonly #unmarked: Uint8Array;
  readonly #changed: Uint8Array;
  #hasUnmarked = false;

  constructor(private readonly pages: Uint8Array) {
    this.#unmarked = new Uint8Array(Math.ceil(pages.length / AREA_PAGES));
    this.#changed = new Uint8Array(this.#unmarked.length);
  }

  /** Sources and targets of page events; a target that is none lies behind every area and is lost. */
  touchEvents(words: Uint32Array, start: number, end: number, step: number): void {
    const unmarked = this.#unmarked;
    for (let at = start; at < end; at += step) {
      unmarked[words[at]! >>> MAX_PAGE_ORDER] = 1;
      unmarked[words[at + 1]! >>> MAX_PAGE_ORDER] = 1;
    }
    this.#hasUnmarked = true;
  }

  touch({ start, end }: PfnRange): void {
    if (end <= start) return;
    this.#unmarked.fill(1, Math.floor(start / AREA_PAGES), Math.ceil(end / AREA_PAGES));
    this.#hasUnmarked = true;
  }

  /**
   * Pages that come one after the other have come up to `end`, from `start` on: orders are marked wherever an area is whole,
   * once for each area however small the pieces are.
   */
  markWhole({ start, end }: PfnRange): void {
    const past = end === this.pages.length ? this.#changed.length : Math.floor(end / AREA_PAGES);
    for (let area = Math.floor(start / AREA_PAGES); area < past; area++) this.#markArea(area);
  }

  /** Everything has changed, and the orders are right. */
  changeAll(): void {
    this.#changed.fill(1);
    this.#unmarked.fill(0);
    this.#hasUnmarked = false;
  }

  /** Marks orders of free blocks anew wherever a page has changed. */
  mark(): void {
    if (!this.#hasUnmarked) return;
    for (let area = 0; area < this.#unmarked.length; area++) if (this.#unmarked[area] === 1) this.#markArea(area);
    this.#hasUnmarked = false;
  }

  #markArea(area: number): void {
    const { pages } = this;
    this.#unmarked[area] = 0;
    this.#changed[area] = 1;
    markFreeOrders(pages, area * AREA_PAGES, Math.min((area + 1) * AREA_PAGES, pages.length));
  }

  /** What has changed since the last call, ascending; areas, so some of it may be as it was. */
  takeChanged(): PfnRange[] {
    const ranges: { start: number; end: number }[] = [];
    for (let area = 0; area < this.#changed.length; area++) {
      if (this.#changed[area] === 0) continue;
      this.#changed[area] = 0;
      const start = area * AREA_PAGES;
      const end = Math.min(start + AREA_PAGES, this.pages.length);
      const last = ranges.at(-1);
      if (last !== undefined && last.end === start) last.end = end;
      else ranges.push({ start, end });
    }
    return ranges;
  }
}
