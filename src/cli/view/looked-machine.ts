import { VacateError } from '../../base/vacate-error.js';
import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import { CHUNK_BLOCKS, CHUNK_HEADER, type ChunkKind } from '../../recording/chunk.js';
import { packChunk } from '../../recording/chunk-writer.js';
import type { BlocksSnapshot, RecordingHeader } from '../../recording/records.js';
import type { Feed } from '../../server/feed.js';
import type { Outbox } from '../../server/outbox.js';
import { MESSAGE_PAGES, pagesMessage, patchMessages } from '../../server/page-messages.js';
import { sentenceOf } from '../../server/runs.js';
import type { PageAnswer, SourceFacts, SourceState, ViewSource } from '../../server/view-source.js';
import { KeeperThread } from '../../workers/keeper-thread.js';
import type { BlockBook } from '../select-blocks.js';
import type { LookAnswer, LookNews, LookRequest, LookTask } from './look-keeper.js';

/** More questions than this wait for no reader: a page asks about what is under the pointer. */
const WAITING_MAX = 64;
const MENDED = 1;

/** A machine that a thread looks at, as far as it has come. */
export class LookedMachine implements ViewSource, Feed {
  readonly picture = this;
  readonly #keeper: KeeperThread<LookTask, LookRequest, LookAnswer, LookNews>;
  /** Resolves when the machine is open, or cannot be. */
  readonly opened: Promise<void>;
  /** Rejects if it cannot be opened. */
  readonly broken: Promise<never>;
  #break: (error: unknown) => void = () => {};
  #state: SourceState = 'opening';
  #error: string | null = null;
  #progress: SourceFacts['progress'] = null;
  #header: RecordingHeader | null = null;
  #pages = new Uint8Array(0);
  #written = 0;
  /** By pageblock: 1 where a first look was wrong. */
  #mended = new Uint32Array(0);
  /** What a first look says of blocks; null where there is none. */
  #firstBlocks: BlocksSnapshot | null = null;
  #blocks: BlocksSnapshot | null = null;
  #caveats: readonly string[] = [];
  /** Woken by all news. */
  readonly #waiting: (() => void)[] = [];
  /** Questions one after the other. */
  #last: Promise<unknown>;
  #nrAsking = 0;

  constructor(
    private readonly task: LookTask,
    private readonly onNews: (news: LookNews) => void,
  ) {
    this.#keeper = new KeeperThread(new URL('./look-keeper.js', import.meta.url), task);
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => {});
    this.opened = this.#open();
    this.#last = this.opened;
  }

  facts(): SourceFacts {
    const name = this.#header?.machine.name ?? this.task.machine;
    return {
      ...{ shows: 'machine', name, header: this.#header, state: this.#state, progress: this.#progress },
      ...{ error: this.#error, isGrowing: false, caveats: this.#caveats },
    };
  }

  /** Blocks by which memory is named; null until the machine is open. */
  get book(): BlockBook | null {
    if (this.#header === null || this.#blocks === null) return null;
    const { name, blockPages, dimms } = this.#header.machine;
    return {
      spec: { name, blockPages, dimms },
      blockState: this.#blocks.states.flatMap(([s, nr]) => Array(nr).fill(s)),
    };
  }

  /** Null until it is known. */
  get nrPfns(): number | null {
    return this.#header?.machine.nrPfns ?? null;
  }

  async page(pfn: number): Promise<PageAnswer> {
    if (this.#nrAsking >= WAITING_MAX)
      throw new VacateError('limit', 'too many questions wait for an answer already; ask again in a moment');
    this.#nrAsking++;
    const answer = this.#last.then(() => this.#ask(pfn));
    this.#last = answer.catch(() => {}).finally(() => this.#nrAsking--);
    return answer;
  }

  attach(outbox: Outbox): void {
    void this.#send(outbox);
  }

  async close(): Promise<void> {
    await this.#keeper.kill();
  }

  async #ask(pfn: number): Promise<PageAnswer> {
    if (this.#error !== null) throw new VacateError('host', this.#error);
    return (await this.#keeper.ask({ pfn })) as PageAnswer;
  }

  async #open(): Promise<void> {
    try {
      this.#blocks = (await this.#keeper.ask('open', { onNews: (news) => this.#heard(news) })) as BlocksSnapshot;
      this.#state = 'open';
    } catch (error) {
      this.#error = sentenceOf(error);
      this.#state = 'failed';
      this.#break(error);
    }
    this.#progress = null;
    this.#wake();
  }

  #heard(news: LookNews): void {
    if ('step' in news) {
      const { label, done, total } = news.step;
      this.#progress = { label, part: total === 0 ? 0 : done / total };
    } else if ('header' in news) {
      this.#header = news.header;
      this.#pages = news.pages as Uint8Array<ArrayBuffer>;
      this.#mended = new Uint32Array(Math.ceil(this.#pages.length / PAGEBLOCK_PAGES));
      this.#firstBlocks = news.blocks;
    } else if ('written' in news) this.#written = news.written;
    else if ('mended' in news) for (const pageblock of news.mended) this.#mended[pageblock] = MENDED;
    else this.#caveats = news.caveats;
    this.onNews(news);
    this.#wake();
  }

  /**
   * Sends pages as they become known: who watches need not wait for the last. What a first look says of them is sent as a
   * whole, and then, as of a run that goes on, what has turned out to be otherwise.
   */
  async #send(outbox: Outbox): Promise<void> {
    if (!(await this.#until(outbox, () => this.#header !== null))) return;
    const header = this.#header!;
    const first = this.#blocks === null ? this.#firstBlocks : null;
    outbox.send(messageOf(CHUNK_HEADER, header));
    const { nrPfns } = header.machine;
    for (let start = 0; start < nrPfns; start += MESSAGE_PAGES) {
      const end = Math.min(nrPfns, start + MESSAGE_PAGES);
      if (!(await this.#until(outbox, () => this.#written >= end))) return;
      outbox.send(pagesMessage(start, this.#pages.subarray(start, end)));
      if (!outbox.hasRoom && !(await outbox.room())) return;
    }
    if (first !== null) outbox.send(messageOf(CHUNK_BLOCKS, first));
    if (!(await this.#until(outbox, () => this.#blocks !== null))) return;
    for (const message of first === null ? [] : patchMessages(this.#pages, this.#mended, MENDED)) {
      outbox.send(message);
      if (!outbox.hasRoom && !(await outbox.room())) return;
    }
    outbox.send(messageOf(CHUNK_BLOCKS, this.#blocks!));
  }

  /** False if it will never be, which the socket has been told, or if that is gone. */
  async #until(outbox: Outbox, holds: () => boolean): Promise<boolean> {
    while (outbox.isOpen && this.#error === null && !holds())
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#error !== null) outbox.fail(this.#error);
    return outbox.isOpen && this.#error === null;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function messageOf(kind: ChunkKind, record: unknown): Uint8Array {
  return packChunk({ kind, payload: new TextEncoder().encode(JSON.stringify(record)) }, null);
}
