import { codeOf, type Outcome, WORDS_PER_EVENT } from '../events/page-events.js';

/** How many pages have moved, and how many were refused for what. */
export class EventTally {
  migrated = 0;
  readonly refused = new Map<Outcome, number>();

  /** Adds the events [from, to), or takes them back; outcomes are alike over long stretches. */
  count(words: Uint32Array, from: number, to: number, sign: 1 | -1): void {
    for (let event = from; event < to; ) {
      const outcome = words[event * WORDS_PER_EVENT + 2]!;
      const first = event;
      while (event < to && words[event * WORDS_PER_EVENT + 2] === outcome) event++;
      this.#add(outcome, sign * (event - first));
    }
  }

  #add(outcome: Outcome, pages: number): void {
    if (codeOf(outcome) === 0) this.migrated += pages;
    else this.refused.set(outcome, (this.refused.get(outcome) ?? 0) + pages);
  }

  copy(): EventTally {
    const copy = new EventTally();
    copy.restore(this);
    return copy;
  }

  restore({ migrated, refused }: EventTally): void {
    this.migrated = migrated;
    this.refused.clear();
    for (const [outcome, pages] of refused) this.refused.set(outcome, pages);
  }
}
