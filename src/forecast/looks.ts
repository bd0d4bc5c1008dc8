import type { Outcome } from '../events/page-events.js';
import type { MigrationService } from '../migration/migration-service.js';
import { isMetadata } from '../mm/buffer-cache.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { NR_TALLIES } from '../simd/chunk-columns.js';
import { classOf, FREE, HOLE, type PageClass } from './page-class.js';
import { traitsOf } from './survey.js';

/**
 * A machine where the flags of a page decide what it would do, and for file-system metadata its pageblock too: then one
 * page of each kind is asked, not all.
 */
export interface AlikePages {
  /** Called before a page is judged: its references are wanted now. */
  show(range: PfnRange): void;
  /** True for metadata in a pageblock where some is dirty. */
  isBesideDirty(pfn: Pfn): boolean;
}

const UNASKED = 0xff;
/** The flags alone do not decide. */
export const ASK_EACH = 0xfe;

/** What pages would do, by how they look: columns by number of a look, for loops over all pages. */
export class Looks {
  readonly kinds = new Uint8Array(NR_TALLIES);
  readonly traits = new Uint8Array(NR_TALLIES);
  /** The flags that a number is about. */
  readonly #words = new Uint32Array(NR_TALLIES);
  readonly #numbers = new Map<number, number>();

  /** Where the flags alone do not decide. */
  readonly #besideDirty = new Uint8Array(NR_TALLIES);
  readonly #besideClean = new Uint8Array(NR_TALLIES);

  constructor(
    private readonly service: MigrationService,
    private readonly alike: AlikePages,
    private readonly isCaptured: boolean,
  ) {}

  get nr(): number {
    return this.#numbers.size;
  }

  /** The number of pages with these flags, of which this is one. Null if it would be one too many: `forget` first. */
  numberOf(word: number, pfn: Pfn): number | null {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    if (this.nr === NR_TALLIES) return null;
    const number = this.nr;
    this.#numbers.set(word, number);
    this.#words[number] = word;
    this.#besideDirty[number] = UNASKED;
    this.#besideClean[number] = UNASKED;
    this.traits[number] = traitsOf(word);
    if ((word & FREE_FLAGS) !== 0) this.kinds[number] = FREE;
    else if ((word & PG_NOPAGE) !== 0) this.kinds[number] = HOLE;
    else this.kinds[number] = isMetadata(word) ? ASK_EACH : this.#ask(word, pfn);
    return number;
  }

  /** All numbers: nobody has that many looks, unless he wants to fill our memory. */
  forget(): void {
    this.#numbers.clear();
  }

  wordOf(number: number): number {
    return this.#words[number]!;
  }

  /** The class of a page whose look has this number. */
  kindAt(number: number, pfn: Pfn): PageClass {
    const kind = this.kinds[number]!;
    if (kind !== ASK_EACH) return kind;
    const kinds = this.alike.isBesideDirty(pfn) ? this.#besideDirty : this.#besideClean;
    if (kinds[number] === UNASKED) kinds[number] = this.#ask(this.#words[number]!, pfn);
    return kinds[number]!;
  }

  outcomeAt(pfn: Pfn): Outcome {
    this.alike.show({ start: pfn, end: pfn + 1 });
    return this.service.judge(pfn);
  }

  #ask(word: number, pfn: Pfn): PageClass {
    this.alike.show({ start: pfn, end: pfn + 1 });
    return classOf(this.service, pfn, word, this.isCaptured);
  }
}
