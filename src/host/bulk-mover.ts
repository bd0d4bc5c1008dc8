import type { PlainKind } from '../mm/plain-page.js';
import type { Order } from '../mm/units.js';

/** Says what kind of plain page these flags are; null if their handler has to be asked. */
export type KindOfPlainPage = (flags: number) => PlainKind | null;

/**
 * Many plain pages at a time, for hosts that can. What it leaves behind is what the service's phases leave, to the byte,
 * if nobody else runs between two of them: one loop a phase instead of ten calls a page.
 */
export interface BulkMover {
  /** Most pages that it takes at a time. */
  readonly capacity: number;
  /**
   * Moves `sources[0..nrPages)`, and says in `targets` where to. All or none: false, with nothing changed, if one of them
   * is not plain, is not just as its references say (locked, pinned, under writeback), or might find no target.
   */
  move(
    sources: Uint32Array,
    nrPages: number,
    targets: Uint32Array,
    sparedOrder: Order,
    kindOf: KindOfPlainPage,
  ): boolean;
}
