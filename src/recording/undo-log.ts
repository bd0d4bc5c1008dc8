import { assert } from '../base/assert.js';
import type { TakeBack } from './block-book.js';
import type { Item } from './timeline.js';

/** What a chunk has overwritten. */
interface Kept {
  readonly item: Item;
  /** Page bytes of a batch or a patch. */
  readonly bytes: Uint8Array;
  readonly takeBack: TakeBack | null;
  readonly nrBytes: number;
}

/** A chunk without anything to keep costs something too. */
const ENTRY_BYTES = 64;
const NOTHING = new Uint8Array(0);

/** What the last chunks have overwritten, so that they can be taken back; those before are forgotten. */
export class UndoLog {
  /** In the order in which they were played. */
  readonly #kept: Kept[] = [];
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** True if everything since a moment can be taken back. */
  reaches(moment: number): boolean {
    const first = this.#kept[0];
    return first !== undefined && first.item.moment <= moment;
  }

  /** Where a chunk that is played keeps the page bytes that it overwrites; the same again if it goes on where it stopped. */
  bytesFor(item: Item, nrBytes: number): Uint8Array {
    const last = this.#kept.at(-1);
    if (last?.item === item) return last.bytes;
    const bytes = new Uint8Array(nrBytes);
    this.#push({ item, bytes, takeBack: null, nrBytes: nrBytes + ENTRY_BYTES });
    return bytes;
  }

  /** Notes a chunk of another kind; null if there is nothing to be taken back. */
  note(item: Item, takeBack: TakeBack | null, nrBytes: number): void {
    this.#push({ item, bytes: NOTHING, takeBack, nrBytes: nrBytes + ENTRY_BYTES });
  }

  bytesOf(item: Item): Uint8Array {
    return this.#last(item).bytes;
  }

  takeBack(item: Item): void {
    this.#last(item).takeBack?.();
  }

  /** The chunk has been taken back. */
  drop(item: Item): void {
    this.#bytes -= this.#last(item).nrBytes;
    this.#kept.pop();
  }

  clear(): void {
    this.#kept.length = 0;
    this.#bytes = 0;
  }

  #last(item: Item): Kept {
    const last = this.#kept.at(-1);
    assert(last?.item === item, 'chunks are taken back in the reverse of their order');
    return last;
  }

  #push(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += kept.nrBytes;
    let nrForgotten = 0;
    while (this.#bytes > this.bytesMax && nrForgotten < this.#kept.length - 1)
      this.#bytes -= this.#kept[nrForgotten++]!.nrBytes;
    if (nrForgotten > 0) this.#kept.splice(0, nrForgotten);
  }
}
