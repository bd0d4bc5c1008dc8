import { WORDS_PER_EVENT } from '../events/page-events.js';
import type { RangeEvent } from '../events/range-events.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { applyPageEvents } from './apply-events.js';
import { BlockBook } from './block-book.js';
import {
  CHUNK_BLOCKS,
  CHUNK_COUNTERS,
  CHUNK_END,
  CHUNK_HEADER,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PATCH,
  CHUNK_RANGE_EVENT,
  type Chunk,
} from './chunk.js';
import { chunksOf } from './kept-recording.js';
import { packPageEvents } from './pack-events.js';
import { parseBlocks, parseCounters, parseEnd, parseHeader, parseRangeEvent } from './parse-records.js';
import { PatchWriter, readPatch } from './patch.js';
import type { CountersSnapshot, RecordedMachine, RecordingHeader, TimedRangeEvent } from './records.js';
import { unpackPageEvents } from './unpack-events.js';

/** Where a node's memory lies in the whole machine. */
export interface NodePlace {
  readonly node: number;
  readonly firstPfn: Pfn;
  readonly firstBlock: number;
}

/** One step of a node's run, as the whole machine sees it. */
export interface NodeStep {
  /** What is written down; null for what changes counters or blocks, which are those of all nodes. */
  readonly chunks: readonly Chunk[];
  readonly isCount: boolean;
  readonly isBlocks: boolean;
}

/** The recorded run of one node: its beginning, and step by step what became of it, in the numbers of the whole machine. */
export class NodeRun {
  readonly header: RecordingHeader;
  readonly blocks: BlockBook;
  counters: CountersSnapshot | null = null;
  pagesMigrated = 0;
  /** Milliseconds since the run began, at the next step; at the end, of the last. */
  ms = 0;
  readonly #chunks: Iterator<Chunk>;
  #next: Chunk | null;

  /** Reads the beginning into `pages`, the node's part of all page bytes. */
  constructor(
    bytes: Uint8Array,
    private readonly place: NodePlace,
    private readonly pages: Uint8Array,
  ) {
    this.#chunks = chunksOf(bytes);
    this.header = parseHeader(this.#take(CHUNK_HEADER));
    const { nrPfns } = this.header.machine;
    this.#next = this.#following();
    for (; this.#next?.kind === CHUNK_PAGES; this.#next = this.#following())
      for (const { start, bytes: part } of readPatch(this.#next.payload, nrPfns)) pages.set(part, start);
    this.blocks = new BlockBook(this.header.machine);
    if (this.#next?.kind === CHUNK_BLOCKS) this.blocks.take(parseBlocks(this.#next.payload));
    this.#advance();
  }

  get isOver(): boolean {
    return this.#next === null;
  }

  /** Does the next step, to the node's pages and blocks too. */
  step(): NodeStep {
    const { kind, payload } = this.#next!;
    this.#advance();
    const { nrPfns } = this.header.machine;
    const told = (chunks: readonly Chunk[], isCount = false, isBlocks = false): NodeStep => {
      return { chunks, isCount, isBlocks };
    };
    switch (kind) {
      case CHUNK_PAGE_EVENTS: {
        const words = unpackPageEvents(payload, nrPfns);
        const nrEvents = words.length / WORDS_PER_EVENT;
        applyPageEvents(this.pages, words, 0, nrEvents, null);
        shiftEvents(words, this.place.firstPfn);
        return told([{ kind, payload: packPageEvents(words, nrEvents) }]);
      }
      case CHUNK_PATCH: {
        const chunks: Chunk[] = [];
        const patch = new PatchWriter((shifted) => chunks.push({ kind, payload: shifted }));
        for (const { start, bytes } of readPatch(payload, nrPfns)) {
          this.pages.set(bytes, start);
          patch.add(start + this.place.firstPfn, bytes);
        }
        patch.flush();
        return told(chunks);
      }
      case CHUNK_RANGE_EVENT: {
        const { ms, event } = parseRangeEvent(payload, nrPfns);
        this.blocks.apply(event, this.pages);
        const shifted: TimedRangeEvent = { ms, event: this.#shifted(event) };
        return told([{ kind, payload: new TextEncoder().encode(JSON.stringify(shifted)) }]);
      }
      case CHUNK_COUNTERS:
        this.counters = parseCounters(payload);
        return told([], true);
      case CHUNK_BLOCKS:
        this.blocks.take(parseBlocks(payload));
        return told([], false, true);
      default:
        if (kind === CHUNK_END) this.pagesMigrated = parseEnd(payload).pagesMigrated;
        return told([]);
    }
  }

  #shifted(event: RangeEvent): RangeEvent {
    const { firstPfn, firstBlock } = this.place;
    const moved = ({ start, end }: PfnRange) => ({ start: start + firstPfn, end: end + firstPfn });
    if ('ranges' in event) return { ...event, ranges: event.ranges.map(moved) };
    if ('range' in event) return { ...event, range: moved(event.range) };
    return 'block' in event ? { ...event, block: event.block + firstBlock } : event;
  }

  /** Goes on to the next step; what has no time of its own comes with what was before. */
  #advance(): void {
    this.#next = this.#following();
    if (this.#next === null) return;
    const { kind, payload } = this.#next;
    if (kind === CHUNK_RANGE_EVENT) this.ms = parseRangeEvent(payload, this.header.machine.nrPfns).ms;
    else if (kind === CHUNK_COUNTERS) this.ms = parseCounters(payload).ms;
    else if (kind === CHUNK_END) this.ms = parseEnd(payload).ms;
  }

  #take(kind: number): Uint8Array {
    const chunk = this.#following();
    return chunk?.kind === kind ? chunk.payload : new Uint8Array(0);
  }

  #following(): Chunk | null {
    const next = this.#chunks.next();
    return next.done === true ? null : next.value;
  }
}

/** The node's zones and DIMMs as the whole machine has them. */
export function shiftedMachine({ zones, dimms }: RecordedMachine, { node, firstPfn }: NodePlace) {
  return {
    zones: zones.map(({ kind, start, end }) => ({ node, kind, start: start + firstPfn, end: end + firstPfn })),
    dimms: dimms.map(({ name, range }) => {
      return { name, node, range: { start: range.start + firstPfn, end: range.end + firstPfn } };
    }),
  };
}

function shiftEvents(words: Uint32Array, firstPfn: Pfn): void {
  for (let at = 0; at < words.length; at += WORDS_PER_EVENT) {
    words[at] = words[at]! + firstPfn;
    if (words[at + 1] !== NO_PAGE) words[at + 1] = words[at + 1]! + firstPfn;
  }
}
