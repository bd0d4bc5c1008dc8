import { assert } from '../base/assert.js';
import { WORDS_PER_EVENT } from '../events/page-events.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { NO_PAGE, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { applyPageEvents } from '../recording/apply-events.js';
import { BlockBook } from '../recording/block-book.js';
import {
  CHUNK_BLOCKS,
  CHUNK_COUNTERS,
  CHUNK_END,
  CHUNK_HEADER,
  CHUNK_HEADER_BYTES,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PATCH,
  CHUNK_RANGE_EVENT,
} from '../recording/chunk.js';
import { readPatch } from '../recording/patch.js';
import type { BlocksSnapshot, RecordingHeader, TimedRangeEvent } from '../recording/records.js';
import { unpackPageEvents } from '../recording/unpack-events.js';
import type { Feed } from './feed.js';
import type { Outbox } from './outbox.js';
import { pagesMessages, patchMessages } from './page-messages.js';

const LOG_BYTES_MAX = 32 * 2 ** 20;
/** Of charts, for them. */
const HISTORY_BYTES_MAX = 4 * 2 ** 20;
const NEVER = -1;

/** Somebody who watches. */
interface Follower {
  readonly outbox: Outbox;
  /** It has been sent all that there is, and gets what comes as it comes. */
  isLive: boolean;
  /** Number of the first chunk of pages that it was not sent; NEVER if it has all. */
  missedFrom: number;
}

/**
 * The chunks of a run for any number of pages that watch it. Each chunk is kept while there is room, and done to a copy of
 * the run's pages, so that a page that comes late or does not keep up can be told what has become of them. Whoever is
 * slow is left out of page events; the run never waits for him.
 */
export class RunFeed implements Feed {
  /** Every chunk by number; null once there were too many. */
  #log: Uint8Array[] | null = [];
  #logBytes = 0;
  #nrChunks = 0;
  #header: Uint8Array | null = null;
  /** The first; whatever changes blocks later is history. */
  #blocks: Uint8Array | null = null;
  #book: BlockBook | null = null;
  #end: Uint8Array | null = null;
  /** Range events, counters, and what blocks said of themselves later. */
  readonly #history: { readonly message: Uint8Array; readonly number: number }[] = [];
  #historyBytes = 0;
  #pages = new Uint8Array(0);
  /** Number of the first chunk after those of the beginning. */
  #firstChange = 0;
  /** Number of the last chunk that changed each pageblock. */
  #changed = new Uint32Array(0);
  /** Resolves when the beginning is complete, or there will be none. */
  readonly #begun: Promise<void>;
  #hasBegun: () => void = () => {};
  #isClosed = false;
  /** Why there is no more, if it broke. */
  #because: string | null = null;
  readonly #followers = new Set<Follower>();

  /** @param logBytesMax so much of a run is kept for pages that come late; of a longer one they see what it has come to. */
  constructor(private readonly logBytesMax = LOG_BYTES_MAX) {
    this.#begun = new Promise((resolve) => {
      this.#hasBegun = resolve;
    });
  }

  /** The next chunk, as `packChunk` makes it without deflating. */
  push(message: Uint8Array): void {
    if (message[0] === CHUNK_END) {
      this.#end = message; // sent when there is nothing else to be sent
      return;
    }
    const number = this.#nrChunks++;
    const isOfPages = this.#take(message, number);
    this.#keep(message);
    for (const follower of this.#followers) {
      if (!follower.outbox.isOpen) this.#followers.delete(follower);
      else if (follower.isLive) this.#tell(follower, message, { number, isOfPages });
    }
  }

  /** No more chunks come: the run is over, or it broke and `because` says why. */
  close(because: string | null): void {
    this.#isClosed = true;
    this.#because = because;
    this.#hasBegun();
    for (const follower of this.#followers)
      if (follower.isLive && follower.missedFrom === NEVER) this.#finish(follower);
  }

  attach(outbox: Outbox): void {
    const follower: Follower = { outbox, isLive: false, missedFrom: NEVER };
    this.#followers.add(follower);
    void this.#bringUp(follower);
  }

  /** Does a chunk to our copy; true if it is about pages, which can be made good later. */
  #take(message: Uint8Array, number: number): boolean {
    const kind = message[0];
    const payload = message.subarray(CHUNK_HEADER_BYTES);
    if (kind === CHUNK_HEADER) this.#begin(message, payload);
    else if (kind === CHUNK_BLOCKS) this.#takeBlocks(message, number);
    else if (kind === CHUNK_COUNTERS) this.#remember(message, number);
    else if (kind === CHUNK_RANGE_EVENT) this.#takeRangeEvent(message, number);
    else if (kind === CHUNK_PAGE_EVENTS) this.#takeEvents(payload, number);
    else if (kind === CHUNK_PAGES || kind === CHUNK_PATCH) this.#takeRuns(payload, number);
    return kind === CHUNK_PAGE_EVENTS || kind === CHUNK_PATCH;
  }

  #begin(message: Uint8Array, payload: Uint8Array): void {
    assert(this.#header === null, 'a run has one header');
    this.#header = message;
    const { machine } = recordIn<RecordingHeader>(payload);
    this.#book = new BlockBook(machine);
    this.#pages = new Uint8Array(machine.nrPfns);
    this.#changed = new Uint32Array(Math.ceil(machine.nrPfns / PAGEBLOCK_PAGES));
  }

  #takeBlocks(message: Uint8Array, number: number): void {
    this.#book?.take(recordIn<BlocksSnapshot>(message.subarray(CHUNK_HEADER_BYTES)));
    if (this.#blocks === null) {
      this.#blocks = message;
      this.#firstChange = number + 1;
      this.#hasBegun();
    } else this.#remember(message, number);
  }

  /** Offline memory has no pages: range events change them too. */
  #takeRangeEvent(message: Uint8Array, number: number): void {
    this.#remember(message, number);
    const { event } = recordIn<TimedRangeEvent>(message.subarray(CHUNK_HEADER_BYTES));
    const change = this.#book?.apply(event, this.#pages) ?? null;
    if (change !== null) this.#mark(change.range, number);
  }

  #mark({ start, end }: PfnRange, number: number): void {
    this.#changed.fill(number, start >>> PAGEBLOCK_ORDER, ((end - 1) >>> PAGEBLOCK_ORDER) + 1);
  }

  #takeEvents(payload: Uint8Array, number: number): void {
    const words = unpackPageEvents(payload, this.#pages.length);
    applyPageEvents(this.#pages, words, 0, words.length / WORDS_PER_EVENT, null);
    markPages(this.#changed, words, number);
  }

  #takeRuns(payload: Uint8Array, number: number): void {
    for (const { start, bytes } of readPatch(payload, this.#pages.length)) {
      this.#pages.set(bytes, start);
      this.#mark({ start, end: start + bytes.length }, number);
    }
  }

  #remember(message: Uint8Array, number: number): void {
    if (this.#historyBytes > HISTORY_BYTES_MAX) return;
    this.#history.push({ message, number });
    this.#historyBytes += message.length;
  }

  #keep(message: Uint8Array): void {
    this.#logBytes += message.length;
    if (this.#logBytes > this.logBytesMax) this.#log = null;
    this.#log?.push(message);
  }

  #tell(follower: Follower, message: Uint8Array, chunk: { number: number; isOfPages: boolean }): void {
    const { outbox } = follower;
    if (!chunk.isOfPages || (follower.missedFrom === NEVER && outbox.hasRoom)) outbox.send(message);
    else if (follower.missedFrom === NEVER) {
      follower.missedFrom = chunk.number;
      void this.#catchUp(follower);
    }
  }

  /** Sends a page that has just come all that has been, from the log or as it stands. */
  async #bringUp(follower: Follower): Promise<void> {
    const { outbox } = follower;
    let next = 0;
    let nrPages = 0;
    for (let log = this.#log; log !== null && next < log.length; log = this.#log) {
      const message = log[next++]!;
      if (message[0] === CHUNK_PAGES) nrPages = pagesEnd(message);
      outbox.send(message);
      if (!outbox.hasRoom && !(await outbox.room())) return;
    }
    if (this.#log === null && next < this.#nrChunks && !(await this.#sendAsItStands(follower, next, nrPages))) return;
    follower.isLive = true;
    if (follower.missedFrom !== NEVER) await this.#catchUp(follower);
    else if (this.#isClosed) this.#finish(follower);
  }

  /**
   * Instead of the chunks from `next` on, which come after the first `nrPages` pages; false if the socket is gone. What
   * range events do to pages they do once more there, so that all that has changed is told again after them.
   */
  async #sendAsItStands(follower: Follower, next: number, nrPages: number): Promise<boolean> {
    const { outbox } = follower;
    await this.#begun;
    if (this.#blocks === null) return outbox.isOpen; // it broke before it began
    follower.missedFrom = Math.max(next, this.#firstChange);
    if (next < this.#firstChange) {
      if (next === 0) outbox.send(this.#header!);
      for (const message of pagesMessages(this.#pages, nrPages)) {
        outbox.send(message);
        if (!outbox.hasRoom && !(await outbox.room())) return false;
      }
      outbox.send(this.#blocks);
    }
    for (const { message, number } of this.#history) if (number >= next) outbox.send(message);
    return outbox.isOpen;
  }

  /** When the reader has caught up, he is told of what he has missed as it is then; and again, if he was slow at that. */
  async #catchUp(follower: Follower): Promise<void> {
    const { outbox } = follower;
    while (await outbox.room()) {
      const since = follower.missedFrom;
      follower.missedFrom = this.#nrChunks;
      let hasWaited = false;
      for (const message of patchMessages(this.#pages, this.#changed, since)) {
        outbox.send(message);
        if (outbox.hasRoom) continue;
        hasWaited = true;
        if (!(await outbox.room())) return;
      }
      if (!hasWaited || follower.missedFrom === this.#nrChunks) break;
    }
    follower.missedFrom = NEVER;
    if (this.#isClosed) this.#finish(follower);
  }

  #finish({ outbox }: Follower): void {
    if (this.#because !== null) {
      outbox.fail(this.#because);
      return;
    }
    if (this.#end !== null) outbox.send(this.#end);
    outbox.end();
  }
}

function recordIn<Record>(payload: Uint8Array): Record {
  return JSON.parse(new TextDecoder().decode(payload)) as Record;
}

/** One past the last page of a chunk of pages. */
function pagesEnd(message: Uint8Array): number {
  const view = new DataView(message.buffer, message.byteOffset + CHUNK_HEADER_BYTES);
  return view.getUint32(0, true) + view.getUint32(4, true);
}

/** Notes for the pageblocks of all pages that events name that this chunk changed them. */
function markPages(changed: Uint32Array, words: Uint32Array, number: number): void {
  for (let at = 0; at < words.length; at += WORDS_PER_EVENT) {
    const target = words[at + 1]!;
    changed[words[at]! >>> PAGEBLOCK_ORDER] = number;
    if (target !== NO_PAGE) changed[target >>> PAGEBLOCK_ORDER] = number;
  }
}
