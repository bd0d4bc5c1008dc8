import { assert } from '../base/assert.js';
import { type PageEventBatch, type PageEvents, TOTAL_RETRIED, WORDS_PER_EVENT } from '../events/page-events.js';
import type { RangeEvent, RangeEvents } from '../events/range-events.js';
import type { FreeMemory } from '../host/free-memory.js';
import type { MemoryHost } from '../host/memory-host.js';
import type { PageColumns } from '../mm/page-columns.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { byteOf, STATE_ARRIVED } from '../picture/page-bytes.js';
import { KIND_FREE, kindOf } from '../picture/page-kinds.js';
import { applyPageEvents } from './apply-events.js';
import { BlockBook, runsOf } from './block-book.js';
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
  type ChunkKind,
} from './chunk.js';
import { EventTally } from './event-tally.js';
import { packPageEvents } from './pack-events.js';
import { hashOfPages } from './page-hash.js';
import { outcomeText } from './page-history.js';
import { PIECE_PAGES, readPiece } from './page-pieces.js';
import { PatchWriter, runOfPages } from './patch.js';
import type {
  BlocksSnapshot,
  CountersSnapshot,
  RecordedMachine,
  RecordingEnd,
  RecordingHeader,
  TimedRangeEvent,
} from './records.js';

/** What a recording says of a run that no host knows. */
export type RunFacts = Omit<RecordingHeader, 'machine'> & Pick<RecordedMachine, 'source' | 'digest'>;

/** Where chunks go, in order. */
export type ChunkSink = (chunk: Chunk) => void;

/** What is written down of a run, and where it goes. */
export interface RecorderOptions {
  readonly facts: RunFacts;
  readonly sink: ChunkSink;
  /** Milliseconds; only differences count. */
  readonly clock: () => number;
  /**
   * True if `host.columns` is what the machine is at any time; false for a host whose pages were read once. Then pages
   * change by events alone.
   */
  readonly isCurrent?: boolean;
  /** True if the same run must give the same chunks: then work, and not time, says when pages are read again. */
  readonly isRepeatable?: boolean;
  /** Sums that the host keeps itself, since the run began, where no page event tells them. */
  readonly counted?: () => Partial<Pick<CountersSnapshot, 'migrated' | 'refused' | 'retried'>>;
}

/** What a recorder looks at; every `MemoryHost` is one. */
export interface RecordedHost extends Pick<MemoryHost, 'name' | 'layout' | 'blockState'> {
  readonly columns: Pick<PageColumns, 'flags'>;
  readonly free: Pick<FreeMemory, 'migratetype' | 'nrPages' | 'nrBlocks'>;
}

/** Events of a chunk: small enough to be seen soon. */
const CHUNK_EVENTS = 4096;
/** Between two counters; and what has happened is written down at least so often. */
const COUNTERS_MS = 100;
/** Of its time, what a run spends on reading all pages again. */
const PATCH_SHARE = 1 / 20;
/** Where time must not count: pages that are read again for each page event. */
const PAGES_PER_EVENT = 8;

/**
 * Writes down a run while it goes on: how memory was, what became of each page, what became of ranges, and what else has
 * changed meanwhile, as chunks to a sink. It keeps a byte for each page, as a replay will have it.
 *
 * @example
 * const chunks: Chunk[] = [];
 * const sink: ChunkSink = (chunk) => chunks.push(chunk);
 * const outcomes: readonly RecordedHandler[] = evacuator.service.handlers.tables;
 * const facts: RunFacts = { command: ['mine'], source: 'scenario', seed: 1, strategy: 'merged', outcomes, by: 'mine' };
 * const options: RecorderOptions = { facts, sink, clock: () => performance.now() };
 * const recorder = new Recorder(host, evacuator.counters, evacuator.ranges$, options);
 * runToEnd(evacuator.offline({ blocks: [8] }));
 * const { pagesMigrated }: RecordingEnd = recorder.finish('done');
 * pagesMigrated > 0 && chunks.length > 0; // true
 */
export class Recorder {
  readonly #machine: RecordedMachine;
  /** What a replay shows of each page, but for the orders of free blocks: here all are of order 0. */
  readonly #pages: Uint8Array;
  readonly #blocks: BlockBook;
  readonly #tally = new EventTally();
  readonly #pending = new Uint32Array(CHUNK_EVENTS * WORDS_PER_EVENT);
  readonly #patch = new PatchWriter((payload) => this.#write(CHUNK_PATCH, payload));
  readonly #subscriptions: readonly { unsubscribe(): void }[];
  readonly #begun: number;
  readonly #retriedBefore: number;
  #nrPending = 0;
  #nrEvents = 0;
  #countedAt = 0;
  /** When pages were last read again, and how long that took. */
  #patched = { at: 0, tookMs: 0, events: 0 };
  #isOpen = true;

  /** Writes how memory is now, and listens from then on. */
  constructor(
    private readonly host: RecordedHost,
    private readonly events: Pick<PageEvents, 'batches$' | 'totals'>,
    ranges$: RangeEvents['events$'],
    private readonly options: RecorderOptions,
  ) {
    this.#begun = options.clock();
    this.#machine = machineOf(host, options.facts);
    this.#pages = new Uint8Array(host.layout.nrPfns);
    this.#blocks = new BlockBook(this.#machine);
    this.#retriedBefore = events.totals[TOTAL_RETRIED]!;
    this.#writeBeginning();
    this.#patched = { at: this.#now(), tookMs: this.#now(), events: 0 };
    this.#subscriptions = [
      events.batches$.subscribe((batch) => this.#noteBatch(batch)),
      ranges$.subscribe((event) => this.note(event)),
    ];
  }

  /** Writes down what is pending, and counters if it is time; to be called now and then, as between two slices. */
  tick(): void {
    if (!this.#isOpen || this.#now() - this.#countedAt < COUNTERS_MS) return;
    this.#flushEvents();
    this.#writeCounters();
  }

  /** Writes down a range event of a run that does not announce it itself. */
  note(event: RangeEvent): void {
    if (!this.#isOpen) return;
    this.#flushEvents();
    this.#writeJson(CHUNK_RANGE_EVENT, { ms: this.#now(), event } satisfies TimedRangeEvent);
    this.#blocks.apply(event, this.#pages);
    if (this.#isReadingDue()) this.#readAgain();
    this.#writeCounters();
  }

  /** Reads all pages again if that is due, and writes counters: for memory that changes without any range event. */
  lookAgain(): void {
    if (!this.#isOpen || !this.#isReadingDue()) return;
    this.#flushEvents();
    this.#readAgain();
    this.#writeCounters();
  }

  /**
   * Writes down pages that somebody has looked at just now, from pfn `start` on: for hosts of which not all pages can be
   * read again and again.
   *
   * @param bytes as `writePageBytes` makes them.
   */
  look(start: Pfn, bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#flushEvents();
    this.#patch.addDifferences(this.#pages.subarray(start, start + bytes.length), bytes, start);
    this.#patch.flush();
  }

  /** The run is over: reads all pages once more, writes the end, and listens no longer. */
  finish(outcome: string, ranges: readonly PfnRange[] = []): RecordingEnd {
    assert(this.#isOpen, 'a run ends once');
    this.#isOpen = false;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#flushEvents();
    this.#readAgain();
    this.#writeCounters();
    const pagesMigrated = this.options.counted?.().migrated ?? this.#tally.migrated;
    const end = { ms: this.#now(), outcome, hash: hashOfPages(this.#pages), pagesMigrated, ranges };
    this.#writeJson(CHUNK_END, end);
    return end;
  }

  #writeBeginning(): void {
    const { outcomes, by, command, seed, strategy } = this.options.facts;
    const header: RecordingHeader = { command, machine: this.#machine, seed, strategy, outcomes, by };
    this.#writeJson(CHUNK_HEADER, header);
    for (let start = 0; start < this.#pages.length; start += PIECE_PAGES) {
      const piece = this.#read(start);
      this.#pages.set(piece, start);
      this.#write(CHUNK_PAGES, runOfPages(start, piece));
    }
    this.#writeJson(CHUNK_BLOCKS, this.#blocksNow());
    this.#blocks.take(this.#blocksNow());
    this.#writeCounters();
  }

  #noteBatch({ words, nrEvents }: PageEventBatch): void {
    for (let from = 0; from < nrEvents; ) {
      const nr = Math.min(nrEvents - from, CHUNK_EVENTS - this.#nrPending);
      const part = words.subarray(from * WORDS_PER_EVENT, (from + nr) * WORDS_PER_EVENT);
      this.#pending.set(part, this.#nrPending * WORDS_PER_EVENT);
      this.#nrPending += nr;
      from += nr;
      if (applyPageEvents(this.#pages, part, 0, nr, null)) this.#nameStrangers(part);
      this.#tally.count(part, 0, nr, 1);
      if (this.#nrPending === CHUNK_EVENTS) this.#flushEvents();
    }
    this.tick();
  }

  /** A page that came into use since pages were last read has moved, and only the machine knows what it is. */
  #nameStrangers(words: Uint32Array): void {
    const pages = this.#pages;
    const { flags } = this.host.columns;
    for (let at = 1; at < words.length; at += WORDS_PER_EVENT) {
      const pfn = words[at]!;
      const byte = pages[pfn];
      if (byte !== STRANGER && byte !== STRANGER_IN_HOLE) continue;
      pages[pfn] = byteOf(kindOf(flags[pfn]!), STATE_ARRIVED);
      this.#flushEvents();
      this.#patch.add(pfn, pages.subarray(pfn, pfn + 1));
    }
    this.#patch.flush();
  }

  #isReadingDue(): boolean {
    const { at, tookMs, events } = this.#patched;
    if (this.options.isRepeatable === true) return (this.#nrEvents - events) * PAGES_PER_EVENT >= this.#pages.length;
    return tookMs <= (this.#now() - at) * PATCH_SHARE;
  }

  /** Reads all pages again and writes down what no event has told. */
  #readAgain(): void {
    if (this.options.isCurrent === false) return;
    const begun = this.#now();
    for (let start = 0; start < this.#pages.length; start += PIECE_PAGES) {
      const known = this.#pages.subarray(start, start + PIECE_PAGES);
      this.#patch.addDifferences(known, this.#read(start), start);
    }
    this.#patch.flush();
    const blocks = this.#blocksNow();
    if (JSON.stringify(blocks) !== JSON.stringify(this.#blocks.snapshot())) {
      this.#writeJson(CHUNK_BLOCKS, blocks);
      this.#blocks.take(blocks);
    }
    this.#patched = { at: this.#now(), tookMs: this.#now() - begun, events: this.#nrEvents };
  }

  /** Page bytes of the piece of memory that begins there, as the machine has it; they stay until the next are read. */
  #read(start: number): Uint8Array {
    const end = Math.min(start + PIECE_PAGES, this.#pages.length);
    return readPiece(this.host.columns.flags, this.host.layout.zones, start, end);
  }

  #blocksNow(): BlocksSnapshot {
    const { host } = this;
    const { nrPfns, blockPages } = host.layout;
    const types = new Uint8Array(Math.ceil(nrPfns / PAGEBLOCK_PAGES));
    for (let at = 0; at < types.length; at++) types[at] = host.free.migratetype(at << PAGEBLOCK_ORDER);
    const states = new Uint8Array(Math.ceil(nrPfns / blockPages));
    for (let block = 0; block < states.length; block++) states[block] = host.blockState(block);
    return { migratetypes: runsOf(types), states: runsOf(states) };
  }

  #flushEvents(): void {
    if (this.#nrPending === 0) return;
    this.#write(CHUNK_PAGE_EVENTS, packPageEvents(this.#pending, this.#nrPending));
    this.#nrEvents += this.#nrPending;
    this.#nrPending = 0;
  }

  #writeCounters(): void {
    const { free, layout } = this.host;
    this.#countedAt = this.#now();
    const refusals: Record<string, number> = {};
    let refused = 0;
    for (const [outcome, pages] of this.#tally.refused) {
      const { handler, reason } = outcomeText(this.options.facts.outcomes, outcome);
      refusals[`${handler}/${reason}`] = pages;
      refused += pages;
    }
    let freePages = 0;
    let freeOrder9 = 0;
    for (let zone = 0; zone < layout.zones.length; zone++) {
      freePages += free.nrPages(zone);
      freeOrder9 += free.nrBlocks(zone, 9) + 2 * free.nrBlocks(zone, 10);
    }
    const counters: CountersSnapshot = {
      ms: this.#countedAt,
      migrated: this.#tally.migrated,
      refused,
      retried: this.events.totals[TOTAL_RETRIED]! - this.#retriedBefore,
      events: this.#nrEvents,
      freeOrder9,
      freePages,
      refusals,
      ...this.options.counted?.(),
    };
    this.#writeJson(CHUNK_COUNTERS, counters);
  }

  /** Milliseconds since the run began; more digits than these nobody reads. */
  #now(): number {
    return Math.round(Math.max(0, this.options.clock() - this.#begun) * 100) / 100;
  }

  #writeJson(kind: ChunkKind, value: unknown): void {
    this.#write(kind, utf8Of(JSON.stringify(value)));
  }

  #write(kind: ChunkKind, payload: Uint8Array): void {
    this.options.sink({ kind, payload });
  }
}

const encoder = new TextEncoder();
/** Most records have less; an array of their own for each is what `encode` takes longest for. */
const recordRoom = new Uint8Array(16_384);

function utf8Of(text: string): Uint8Array {
  if (3 * text.length > recordRoom.length) return encoder.encode(text);
  return recordRoom.slice(0, encoder.encodeInto(text, recordRoom).written);
}

/** What arrived from a page that was not known to be in use. */
const STRANGER = byteOf(KIND_FREE, STATE_ARRIVED);
const STRANGER_IN_HOLE = byteOf(0, STATE_ARRIVED);

function machineOf({ name, layout }: RecordedHost, { source, digest }: RunFacts): RecordedMachine {
  const { nrPfns, blockPages, kernel = null, zones, dimms } = layout;
  return {
    name,
    source,
    kernel,
    nrPfns,
    blockPages,
    pageblockPages: PAGEBLOCK_PAGES,
    zones: zones.map(({ node, kind, start, end }) => ({ node, kind, start, end })),
    dimms,
    ...(digest === undefined ? {} : { digest }),
  };
}
