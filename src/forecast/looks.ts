import type { Outcome } from '../events/page-events.js';
import type { MigrationService } from '../migration/migration-service.js';
import { isMetadata } from '../mm/buffer-cache.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
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

/** Pages of one machine have some dozens of looks; so many are remembered, and who looks otherwise is asked again. */
const LOOKS = 4096;
const UNASKED = 0xff;
/** The flags alone do not decide. */
const ASK_EACH = 0xfe;

/** What pages would do, by how they look: columns by slot, for loops over all pages. */
export class Looks {
  /** The flags that a slot is about. */
  readonly words = new Uint32Array(LOOKS);
  readonly kinds = new Uint8Array(LOOKS).fill(UNASKED);
  readonly traits = new Uint8Array(LOOKS);

  /** Where the flags alone do not decide. */
  readonly #besideDirty = new Uint8Array(LOOKS).fill(UNASKED);
  readonly #besideClean = new Uint8Array(LOOKS).fill(UNASKED);

  constructor(
    private readonly service: MigrationService,
    private readonly alike: AlikePages,
    private readonly isCaptured: boolean,
  ) {}

  /** The slot of a page with these flags; what it says holds for the page, or its class is ASK_EACH. */
  slotOf(word: number, pfn: Pfn): number {
    const slot = (Math.imul(word ^ (word >>> 15), 0x9e37_79b1) >>> 20) & (LOOKS - 1);
    if (this.words[slot] !== word || this.kinds[slot] === UNASKED) this.#learn(slot, word, pfn);
    return slot;
  }

  /** The class of a page that a slot says. */
  kindAt(slot: number, pfn: Pfn): PageClass {
    const kind = this.kinds[slot]!;
    return kind === ASK_EACH ? this.#kindBeside(slot, pfn) : kind;
  }

  #kindBeside(slot: number, pfn: Pfn): PageClass {
    const kinds = this.alike.isBesideDirty(pfn) ? this.#besideDirty : this.#besideClean;
    if (kinds[slot] === UNASKED) kinds[slot] = this.#ask(this.words[slot]!, pfn);
    return kinds[slot]!;
  }

  outcomeAt(pfn: Pfn): Outcome {
    this.alike.show({ start: pfn, end: pfn + 1 });
    return this.service.judge(pfn);
  }

  #learn(slot: number, word: number, pfn: Pfn): void {
    this.words[slot] = word;
    this.#besideDirty[slot] = UNASKED;
    this.#besideClean[slot] = UNASKED;
    this.traits[slot] = traitsOf(word);
    if ((word & FREE_FLAGS) !== 0) this.kinds[slot] = FREE;
    else if ((word & PG_NOPAGE) !== 0) this.kinds[slot] = HOLE;
    else this.kinds[slot] = isMetadata(word) ? ASK_EACH : this.#ask(word, pfn);
  }

  #ask(word: number, pfn: Pfn): PageClass {
    this.alike.show({ start: pfn, end: pfn + 1 });
    return classOf(this.service, pfn, word, this.isCaptured);
  }
}
