import { WORDS_PER_EVENT } from '../events/page-events.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { applyPageEvents, UNDO_BYTES_PER_EVENT, undoPageEvents } from './apply-events.js';
import { Areas } from './areas.js';
import { BlockBook } from './block-book.js';
import { CHUNK_BLOCKS, CHUNK_PAGE_EVENTS, CHUNK_PATCH, CHUNK_RANGE_EVENT } from './chunk.js';
import { damaged } from './damaged.js';
import { EventTally } from './event-tally.js';
import { Keyframes } from './keyframes.js';
import { readPatch } from './patch.js';
import type { BlocksSnapshot, RecordedMachine, TimedRangeEvent } from './records.js';
import type { Item, Timeline } from './timeline.js';
import { UndoLog } from './undo-log.js';
import { unpackPageEvents } from './unpack-events.js';

/** How much memory a replay may take to be quick. */
export interface StageOptions {
  /** Bytes kept to go back step by step, 32 MiB by default; two for each page event. */
  readonly undoBytesMax?: number;
  /** Bytes of pages kept to go far back, 256 MiB by default; the beginning is kept in any case. */
  readonly keyframeBytesMax?: number;
}

const UNDO_BYTES_MAX = 32 * 1024 * 1024;
const KEYFRAME_BYTES_MAX = 256 * 1024 * 1024;

/** Memory at one moment of a run, and the means to take it to another. */
export class Stage {
  readonly pages: Uint8Array;
  readonly blocks: BlockBook;
  readonly tally = new EventTally();
  /** Moments, and page events, that have passed. */
  moment = 0;
  event = 0;
  readonly #areas: Areas;
  readonly #undo: UndoLog;
  readonly #keyframes: Keyframes;
  #isSet = false;
  /** Pages known of the beginning. */
  #nrSet = 0;
  /** The batch that was unpacked last. */
  #words: { readonly item: Item; readonly words: Uint32Array } | null = null;

  constructor(
    private readonly machine: RecordedMachine,
    private readonly timeline: Timeline,
    { undoBytesMax = UNDO_BYTES_MAX, keyframeBytesMax = KEYFRAME_BYTES_MAX }: StageOptions,
  ) {
    this.pages = new Uint8Array(machine.nrPfns);
    this.blocks = new BlockBook(machine);
    this.#areas = new Areas(this.pages);
    this.#undo = new UndoLog(undoBytesMax);
    this.#keyframes = new Keyframes(keyframeBytesMax);
  }

  /** True when the beginning is complete. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /** Pages as they were in the beginning, ascending and without gaps. They can be looked at as they come. */
  setPages(start: Pfn, bytes: Uint8Array): void {
    if (this.#isSet || start !== this.#nrSet) throw damaged('its pages do not come in their order');
    this.pages.set(bytes, start);
    this.#nrSet += bytes.length;
    this.#areas.markWhole({ start, end: this.#nrSet });
  }

  set(blocks: BlocksSnapshot): void {
    if (this.#nrSet !== this.machine.nrPfns) throw damaged('pages of its machine are missing');
    this.blocks.take(blocks);
    this.#isSet = true;
    this.#keyframes.keep(this.#frame());
  }

  /** @throws VacateError kind 'recording' if the blocks are those of another machine. */
  checkBlocks(blocks: BlocksSnapshot): void {
    new BlockBook(this.machine).take(blocks);
  }

  seek(moment: number): void {
    if (!this.#isSet) return;
    const frame = this.#keyframes.lastBefore(moment);
    const isBehind = moment < this.moment;
    // Far away, a copy of all pages is nearer than the steps between.
    const steps = Math.abs(moment - this.moment);
    const fromFrame = moment - frame.moment + this.pages.length / 16;
    if (isBehind ? !this.#undo.reaches(moment) || fromFrame < steps : fromFrame < steps) this.#restore(frame);
    if (moment < this.moment) this.#goBack(moment);
    else this.#goOn(moment);
    this.#areas.mark();
  }

  takeChanged(): PfnRange[] {
    return this.#areas.takeChanged();
  }

  #frame() {
    const { moment, event, pages, blocks, tally } = this;
    return { moment, event, pages: pages.slice(), blocks: blocks.copy(), tally: tally.copy() };
  }

  #restore(frame: ReturnType<Keyframes['lastBefore']>): void {
    this.pages.set(frame.pages);
    this.blocks.restore(frame.blocks);
    this.tally.restore(frame.tally);
    this.moment = frame.moment;
    this.event = frame.event;
    this.#undo.clear();
    this.#areas.changeAll();
  }

  #goOn(moment: number): void {
    const { items } = this.timeline;
    for (let at = this.timeline.itemAt(this.moment); this.moment < moment; at++) {
      const item = items[at]!;
      if (item.kind === CHUNK_PAGE_EVENTS) this.#playEvents(item, moment);
      else this.#play(item);
      const isWhole = this.moment === item.moment + item.nrMoments;
      if (!isWhole || !this.#keyframes.isDue(this.moment, this.pages.length)) continue;
      this.#areas.mark();
      this.#keyframes.keep(this.#frame());
    }
  }

  #playEvents(item: Item, moment: number): void {
    const words = this.#wordsOf(item);
    const from = this.moment - item.moment;
    const to = Math.min(item.nrEvents, moment - item.moment);
    applyPageEvents(this.pages, words, from, to, this.#undo.bytesFor(item, UNDO_BYTES_PER_EVENT * item.nrEvents));
    this.tally.count(words, from, to, 1);
    this.#touch(words, from, to);
    this.moment += to - from;
    this.event += to - from;
  }

  #play(item: Item): void {
    const { pages, blocks } = this;
    if (item.kind === CHUNK_PATCH) this.#playPatch(item);
    else if (item.kind === CHUNK_RANGE_EVENT) {
      const change = blocks.apply((item.record as TimedRangeEvent).event, pages);
      if (change !== null) this.#areas.touch(change.range);
      this.#undo.note(item, change?.takeBack ?? null, change?.keptBytes ?? 0);
    } else if (item.kind === CHUNK_BLOCKS) {
      this.#undo.note(item, blocks.retake(item.record as BlocksSnapshot), blocks.nrBytes);
      this.#areas.touch(this.#everything);
    } else this.#undo.note(item, null, 0);
    this.moment++;
  }

  #playPatch(item: Item): void {
    const { pages } = this;
    const undo = this.#undo.bytesFor(item, item.payload.length);
    let kept = 0;
    for (const { start, bytes } of readPatch(item.payload, pages.length)) {
      const end = start + bytes.length;
      undo.set(pages.subarray(start, end), kept);
      kept += bytes.length;
      pages.set(bytes, start);
      this.#areas.touch({ start, end });
    }
  }

  #goBack(moment: number): void {
    const { items } = this.timeline;
    for (let at = this.timeline.itemAt(this.moment - 1); this.moment > moment; at--) {
      const item = items[at]!;
      if (item.kind === CHUNK_PAGE_EVENTS) this.#unplayEvents(item, moment);
      else this.#unplay(item);
    }
  }

  #unplayEvents(item: Item, moment: number): void {
    const words = this.#wordsOf(item);
    const from = Math.max(0, moment - item.moment);
    const to = this.moment - item.moment;
    undoPageEvents(this.pages, words, from, to, this.#undo.bytesOf(item));
    if (from === 0) this.#undo.drop(item);
    this.tally.count(words, from, to, -1);
    this.#touch(words, from, to);
    this.moment -= to - from;
    this.event -= to - from;
  }

  #unplay(item: Item): void {
    if (item.kind === CHUNK_PATCH) this.#unplayPatch(item);
    else this.#undo.takeBack(item);
    if (item.kind === CHUNK_BLOCKS) this.#areas.touch(this.#everything);
    if (item.kind === CHUNK_RANGE_EVENT) {
      const { event } = item.record as TimedRangeEvent;
      if ('range' in event) this.#areas.touch(event.range);
      if (event.kind === 'block-state') this.#areas.touch(this.blocks.rangeOf(event.block));
    }
    this.#undo.drop(item);
    this.moment--;
  }

  /** Runs of a patch that overlap are taken back in the reverse of their order. */
  #unplayPatch(item: Item): void {
    const undo = this.#undo.bytesOf(item);
    const runs = readPatch(item.payload, this.pages.length);
    let kept = runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const { start, bytes } of runs.reverse()) {
      kept -= bytes.length;
      this.pages.set(undo.subarray(kept, kept + bytes.length), start);
      this.#areas.touch({ start, end: start + bytes.length });
    }
  }

  get #everything(): PfnRange {
    return { start: 0, end: this.pages.length };
  }

  #touch(words: Uint32Array, from: number, to: number): void {
    this.#areas.touchEvents(words, from * WORDS_PER_EVENT, to * WORDS_PER_EVENT, WORDS_PER_EVENT);
  }

  #wordsOf(item: Item): Uint32Array {
    if (this.#words?.item !== item) this.#words = { item, words: unpackPageEvents(item.payload, this.machine.nrPfns) };
    return this.#words.words;
  }
}
