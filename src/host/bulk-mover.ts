import type { PlainKind } from '../mm/plain-page.js';
import type { Order, Pfn } from '../mm/units.js';

/** Says what kind of plain page these flags are; null if their handler has to be asked. */
export type KindOfPlainPage = (flags: number) => PlainKind | null;

/**
 * Many plain pages at a time, for hosts that can: one loop a phase instead of ten calls a page. What it leaves behind is
 * what the service's phases leave, to the byte, if they have the same pages and nobody else runs meanwhile.
 */
export interface BulkMover {
  /** Most pages that it takes at a time. */
  readonly capacity: number;
  /**
   * Moves what is plain of `sources[0..nrPages)`, ascending. Returns how many pages have moved; they stand first in
   * `sources` then, and in `targets` where they are now. Those behind them, ascending too, have not been touched: they are
   * not plain, or not just as their references say (locked, pinned, under writeback), or might find no target.
   */
  move(
    sources: Uint32Array,
    nrPages: number,
    targets: Uint32Array,
    sparedOrder: Order,
    kindOf: KindOfPlainPage,
  ): number;
  /**
   * The first page from `start` to before `end` that has to be asked whether it would go; `end` if there is none. Those
   * before it are free, or plain and in nobody's hands. Changes nothing.
   */
  skipPlain(start: Pfn, end: Pfn, kindOf: KindOfPlainPage): Pfn;
}
