import type { MigrationService } from '../../migration/migration-service.js';
import type { Order, Pfn } from '../../mm/units.js';
import { nrNotFree } from '../pages-in-use.js';
import { wouldEmpty } from './range-costs.js';
import { zoneAcross } from './range-glance.js';

/**
 * So many pages are looked at for each page that the best ranges so far would have to move. Looking at a page takes about
 * 5 ns and moving one about 700 (measured on Linux), so the search may take four times as long as the moves: enough to
 * look at all of a small machine before a pageblock is emptied, and at a few hundred pages where one move makes a block.
 */
const LOOKS_PER_MOVE = 560;

/** Cheap ranges of one order. */
export interface Found {
  /** Ranges by number, cheapest first. */
  readonly ranges: Uint32Array;
  /** Pages in use in each. */
  readonly costs: Uint32Array;
  /** Ranges that only something passing stands in the way of, as far as it was noticed. */
  readonly later: number;
  /** Pages looked at. */
  readonly looked: number;
}

/**
 * Finds cheap ranges without looking at all of memory: it begins where the last search ended, and stops when looking
 * further would cost more than it could save.
 */
export class RangeSearch {
  #position: Pfn = 0;

  constructor(private readonly service: MigrationService) {}

  find(order: Order, wanted: number, zones?: readonly number[]): Found {
    const { host } = this.service;
    const size = 2 ** order;
    const nrRanges = Math.floor(host.layout.nrPfns / size);
    const first = Math.floor(this.#position / size) % nrRanges;
    const best = new Best(wanted);
    let [nr, looked, later] = [0, 0, 0];
    for (; nr < nrRanges && (!best.isFull || looked < LOOKS_PER_MOVE * best.total); nr++) {
      const range = (first + nr) % nrRanges;
      const zone = zoneAcross(host, range * size, size);
      if (zone < 0 || zones?.includes(zone) === false) continue;
      looked += size;
      const cost = nrNotFree(host, range * size, (range + 1) * size);
      if (cost === 0 || cost >= best.worst) continue;
      const answer = wouldEmpty(this.service, range * size, size);
      if (answer === 'yes') best.add(range, cost);
      if (answer === 'later') later++;
    }
    this.#position = ((first + nr) % nrRanges) * size;
    return { ranges: Uint32Array.from(best.ranges), costs: Uint32Array.from(best.costs), later, looked };
  }
}

/** The cheapest ranges so far, cheapest first. */
class Best {
  readonly ranges: number[] = [];
  readonly costs: number[] = [];
  total = 0;

  constructor(private readonly wanted: number) {}

  get isFull(): boolean {
    return this.costs.length >= this.wanted;
  }

  /** What a range has to be cheaper than. */
  get worst(): number {
    return this.isFull ? this.costs.at(-1)! : Number.POSITIVE_INFINITY;
  }

  add(range: number, cost: number): void {
    let at = this.costs.length;
    while (at > 0 && this.costs[at - 1]! > cost) at--;
    this.costs.splice(at, 0, cost);
    this.ranges.splice(at, 0, range);
    this.total += cost;
    if (this.costs.length <= this.wanted) return;
    this.total -= this.costs.pop()!;
    this.ranges.pop();
  }
}
