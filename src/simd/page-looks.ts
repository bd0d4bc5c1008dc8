import { type KernelMemory, kernelMemory } from './kernels.js';

/** Pages that are looked at in one piece. */
export const LOOK_PAGES = 2 ** 16;
/** Kernels look at so many together. */
const GROUP_PAGES = 16;
const NR_SLOTS = 2048;
const SLOT_SHIFT = 21;
const GOLDEN = 0x9e37_79b1;
const WORD_BYTES = 4;
/** A word and its byte. */
const SLOT_WORDS = 2;

const WORDS_AT = 0;
const NOW_AT = WORDS_AT + LOOK_PAGES * WORD_BYTES;
const KNOWN_AT = NOW_AT + LOOK_PAGES;
const SLOTS_AT = KNOWN_AT + LOOK_PAGES;
const MEMORY_BYTES = SLOTS_AT + NR_SLOTS * SLOT_WORDS * WORD_BYTES;

/**
 * A piece of memory, as it is looked at again and again: a byte for each page by its word of flags, and where that is not what is shown of it.
 * A word that has been met is not asked about again; a slot forgets its word for the next that falls into it.
 */
export class PageLooks {
  readonly #kernels: KernelMemory['kernels'];
  readonly #words: Uint32Array;
  readonly #now: Uint8Array;
  readonly #known: Uint8Array;
  readonly #slots: Uint32Array;

  private constructor(
    { buffer, kernels }: KernelMemory,
    private readonly byteOf: (word: number) => number,
  ) {
    this.#kernels = kernels;
    this.#words = new Uint32Array(buffer, WORDS_AT, LOOK_PAGES);
    this.#now = new Uint8Array(buffer, NOW_AT, LOOK_PAGES);
    this.#known = new Uint8Array(buffer, KNOWN_AT, LOOK_PAGES);
    this.#slots = new Uint32Array(buffer, SLOTS_AT, NR_SLOTS * SLOT_WORDS);
    // An empty slot stands for a word without a bit.
    this.#slots[1] = byteOf(0);
  }

  /**
   * Null where there are no kernels.
   *
   * @param byteOf what a page with such a word looks like, always the same for the same word.
   */
  static open(byteOf: (word: number) => number): PageLooks | null {
    const memory = kernelMemory(MEMORY_BYTES);
    return memory === null ? null : new PageLooks(memory, byteOf);
  }

  /** Of words [start, end), LOOK_PAGES at most. They are the same bytes each time: whoever looks again has new ones in them. */
  bytesOf(words: Uint32Array, start: number, end: number): Uint8Array {
    const nrPages = end - start;
    const past = Math.ceil(nrPages / GROUP_PAGES) * GROUP_PAGES;
    this.#words.set(words.subarray(start, end));
    this.#words.fill(0, nrPages, past);
    for (let page = 0; ; page += GROUP_PAGES) {
      page = this.#kernels.bytesOfWords(WORDS_AT, page, past, SLOTS_AT, NOW_AT);
      if (page >= past) break;
      for (let at = page; at < page + GROUP_PAGES; at++) this.#now[at] = this.#learned(this.#words[at]!);
    }
    return this.#now.subarray(0, nrPages);
  }

  #learned(word: number): number {
    const slot = (Math.imul(word, GOLDEN) >>> SLOT_SHIFT) * SLOT_WORDS;
    if (this.#slots[slot] !== word) {
      this.#slots[slot] = word;
      this.#slots[slot + 1] = this.byteOf(word);
    }
    return this.#slots[slot + 1]!;
  }

  /**
   * What finds the first page from another on that is not shown as it is `now`: src/recording/patch.ts says when that is so. Pages that
   * do not make a whole group at the end are not looked at. Nothing before the page that was found last may be asked about again.
   */
  searchIn(known: Uint8Array, now: Uint8Array): { readonly end: number; next(from: number): number } {
    const end = Math.floor(Math.min(now.length, LOOK_PAGES) / GROUP_PAGES) * GROUP_PAGES;
    this.#known.set(known.subarray(0, end));
    if (now.buffer !== this.#now.buffer) this.#now.set(now.subarray(0, end));
    return { end, next: (from) => this.#firstUnlike(from, end) };
  }

  #firstUnlike(from: number, end: number): number {
    const first = from - (from % GROUP_PAGES);
    // Of the group that the page is in, those before it are done with.
    this.#known.set(this.#now.subarray(first, from), first);
    return this.#kernels.firstUnlike(KNOWN_AT, NOW_AT, first, end);
  }
}
