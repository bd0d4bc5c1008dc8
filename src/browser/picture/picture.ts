import { PAGEBLOCK_ORDER } from '../../mm/units.js';
import type { ColouringName } from '../../picture/colourings.js';
import type { Theme } from '../../picture/colours.js';
import { mapClasses } from '../../picture/map-classes.js';
import { kindOfByte } from '../../picture/page-bytes.js';
import { newCounts } from '../../picture/page-kinds.js';
import { Pyramid } from '../../picture/pyramid.js';
import { CHUNK_BLOCKS, CHUNK_HEADER, CHUNK_PAGES, type Chunk } from '../../recording/chunk.js';
import { Replay } from '../../recording/replay.js';
import { FrameMeter } from './frame-meter.js';
import type { ConnectionState, FromPicture, Place, RefusalName, StepUnit, ToPicture } from './messages.js';
import { nextAmong, nextRefused } from './next-refused.js';
import { Painter, type Subject } from './painter.js';
import { PictureSocket } from './socket.js';

/** What is left of a frame for bringing the pyramid up to date, and how much is done between two looks at the clock. */
const UPDATE_MS = 7;
/** The same while nobody moves the map, and waits for it rather. */
const UPDATE_AT_REST_MS = 24;
const UNITS_AT_A_TIME = 64;
/** What the page is told while a run goes on, no more often than it can be read. */
const TELL_MS = 100;
/** A story is for reading. */
const STORY_MAX = 50;

type Ask<K extends ToPicture['kind']> = Extract<ToPicture, { kind: K }>;

/** One machine, or one run, as a worker shows it. */
export class Picture {
  readonly #tell: (message: FromPicture) => void;
  readonly #painter: Painter;
  readonly #meter = new FrameMeter();
  #replay = new Replay();
  #subject: Subject | null = null;
  #colouring: ColouringName = 'type';
  /** Where it is to stand: kept when a connection begins anew. */
  #place: Place = { by: 'live' };
  #isDirty = true;
  #isAsked = false;
  #lastTold = 0;
  /** Pages that have come, and those of them that the page was told are painted. */
  #nrLoaded = 0;
  #nrPaintedTold = 0;
  /** There is news that the page has not been told. */
  #hasNews = false;
  #nrRangeEventsTold = 0;
  #nrCountersTold = 0;
  #statesTold = '';

  constructor({ canvas, address }: Ask<'start'>, tell: (message: FromPicture) => void) {
    this.#tell = tell;
    this.#painter = new Painter(canvas);
    new PictureSocket(address, {
      onBegin: () => this.#begin(),
      onChunk: (chunk) => this.#take(chunk),
      onState: (state, sentence) => this.#connection(state, sentence),
    });
    this.#wish();
  }

  hear(message: ToPicture): void {
    switch (message.kind) {
      case 'size':
        this.#painter.size(message.width, message.height, message.ratio);
        break;
      case 'look':
        this.#look(message.theme, message.colouring);
        break;
      case 'layout':
        this.#painter.layout = message.layout;
        break;
      case 'view':
        this.#painter.view = message.view;
        this.#meter.move();
        break;
      case 'cursor':
        this.#painter.cursor = message.pfn;
        break;
      case 'seek':
        this.#place = message.to;
        this.#go();
        break;
      case 'step':
        this.#step(message.unit, message.direction);
        break;
      case 'ask-page':
        this.#answerPage(message.pfn, message.withStory);
        return;
      case 'ask-refused':
        this.#tell({ kind: 'refused', pfn: this.#nextRefused(message.after, message.why) });
        return;
      case 'ask-counts':
        this.#tell({ kind: 'counts', rows: message.ranges.map(([start, end]) => this.#countKinds(start, end)) });
        return;
      case 'ask-frames':
        this.#tell({ kind: 'frames', ...this.#meter.take() });
        return;
      default:
        return;
    }
    this.#wish();
  }

  #connection(state: ConnectionState, sentence: string | null): void {
    this.#tell({ kind: 'connection', state, sentence });
  }

  #begin(): void {
    this.#replay = new Replay();
    this.#subject = null;
    this.#nrRangeEventsTold = this.#nrCountersTold = 0;
    this.#nrLoaded = this.#nrPaintedTold = 0;
  }

  #take(chunk: Chunk): void {
    const replay = this.#replay;
    replay.feed(chunk);
    if (chunk.kind === CHUNK_HEADER) this.#open();
    else if (chunk.kind === CHUNK_PAGES) this.#show();
    else if (chunk.kind === CHUNK_BLOCKS || this.#place.by === 'live') this.#go();
    this.#hasNews = true;
    this.#wish();
  }

  #open(): void {
    const { header, pages } = this.#replay;
    const pyramid = new Pyramid(pages, mapClasses(this.#colouring));
    const order = Math.round(Math.log2(header!.machine.pageblockPages)) || PAGEBLOCK_ORDER;
    pyramid.setMigratetypes(null, order);
    const replay = this.#replay;
    this.#subject = {
      pages,
      pyramid,
      pageblockOrder: order,
      zones: header!.machine.zones,
      blockState: (block) => (replay.isReady ? (replay.blockStates[block] ?? null) : null),
    };
    this.#tell({ kind: 'header', header: header! });
  }

  /** Pages are shown as they come. */
  #show(): void {
    const replay = this.#replay;
    for (const { start, end } of replay.takeChanged()) {
      this.#subject?.pyramid.mark(start, end);
      this.#nrLoaded = Math.max(this.#nrLoaded, end);
    }
  }

  #look(theme: Theme, colouring: ColouringName): void {
    this.#painter.look(theme, colouring);
    if (colouring === this.#colouring) return;
    this.#colouring = colouring;
    this.#subject?.pyramid.setMode(mapClasses(colouring));
    this.#hasNews = true;
  }

  #go(): void {
    const replay = this.#replay;
    if (!replay.isReady) return;
    const place = this.#place;
    if (place.by === 'live') replay.seek(replay.length);
    else if (place.by === 'time') replay.seekTime(place.ms);
    else if (place.by === 'share') replay.seekFraction(place.share);
    else if (place.by === 'event') replay.seekEvent(place.event);
    else replay.seek(place.moment);
    this.#moved();
  }

  #step(unit: StepUnit, direction: 1 | -1): void {
    const replay = this.#replay;
    if (unit === 'event') replay.stepEvents(direction);
    else if (unit === 'batch') replay.stepBatch(direction);
    else replay.stepRangeEvent(direction);
    this.#place = { by: 'moment', moment: replay.moment };
    this.#moved();
    this.#tellNews();
  }

  #moved(): void {
    const { pyramid } = this.#subject!;
    pyramid.setMigratetypes(this.#replay.migratetypes, this.#subject!.pageblockOrder);
    for (const { start, end } of this.#replay.takeChanged()) pyramid.mark(start, end);
    this.#hasNews = true;
  }

  #answerPage(pfn: number, withStory: boolean): void {
    const replay = this.#replay;
    const machine = replay.header?.machine;
    if (machine === undefined || pfn >= machine.nrPfns) return;
    const types = replay.migratetypes;
    this.#tell({
      kind: 'page',
      page: {
        pfn,
        byte: replay.pages[pfn]!,
        migratetype: types === null ? null : (types[Math.floor(pfn / machine.pageblockPages)] ?? null),
        blockState: replay.isReady ? (replay.blockStates[Math.floor(pfn / machine.blockPages)] ?? null) : null,
        story: withStory ? replay.eventsOf(pfn, STORY_MAX) : null,
      },
    });
  }

  #nextRefused(after: number, why: RefusalName | null): number | null {
    const { pages } = this.#replay;
    return why === null ? nextRefused(pages, after) : nextAmong(this.#replay.refusedFor(why), pages, after);
  }

  #countKinds(start: number, end: number): Uint32Array {
    const pages = this.#replay.pages;
    const counts = newCounts();
    for (let pfn = start; pfn < Math.min(end, pages.length); pfn++) {
      const kind = kindOfByte(pages[pfn]!);
      counts[kind] = counts[kind]! + 1;
    }
    return counts;
  }

  /** Asks for a frame, once. */
  #wish(): void {
    this.#isDirty = true;
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => this.#frame());
  }

  #frame(): void {
    this.#isAsked = false;
    const begin = performance.now();
    const pyramid = this.#subject?.pyramid ?? null;
    const wasBusy = pyramid !== null && !pyramid.isUpToDate;
    const updateMs = this.#meter.isMoving(begin) ? UPDATE_MS : UPDATE_AT_REST_MS;
    while (pyramid !== null && !pyramid.isUpToDate && performance.now() - begin < updateMs)
      pyramid.update(UNITS_AT_A_TIME);
    if (this.#isDirty || wasBusy) this.#painter.draw(this.#subject);
    this.#isDirty = false;
    this.#meter.painted(begin, performance.now());
    if (pyramid !== null) this.#tellPainted(pyramid);
    if (pyramid !== null && !pyramid.isUpToDate) this.#wish();
    if (this.#hasNews && begin - this.#lastTold >= TELL_MS) this.#tellNews();
    else if (this.#hasNews) this.#wish();
  }

  /** How much of the map is to be seen, while pages come. */
  #tellPainted({ upTo }: Pyramid): void {
    const nrPainted = Math.min(this.#nrLoaded, upTo);
    if (nrPainted <= this.#nrPaintedTold) return;
    this.#nrPaintedTold = nrPainted;
    this.#tell({ kind: 'painted', share: nrPainted / this.#replay.pages.length });
  }

  #tellNews(): void {
    const replay = this.#replay;
    this.#lastTold = performance.now();
    this.#hasNews = false;
    if (!replay.isReady) return;
    const { moment, length, event, nrEvents, ms, msTotal, pagesMigrated, refusals, end, nrRangeEventsPassed } = replay;
    const isLive = this.#place.by === 'live';
    const where = { moment, length, event, nrEvents, ms, msTotal, pagesMigrated };
    this.#tell({ kind: 'progress', progress: { ...where, isLive, end, refusals, nrRangeEventsPassed } });
    this.#tellBlocks();
    if (replay.rangeEvents.length !== this.#nrRangeEventsTold) {
      this.#nrRangeEventsTold = replay.rangeEvents.length;
      this.#tell({ kind: 'range-events', events: replay.rangeEvents });
    }
    const counters = replay.countersSeries();
    if (counters.length !== this.#nrCountersTold) {
      this.#nrCountersTold = counters.length;
      this.#tell({ kind: 'counters', counters });
    }
    const { pyramid } = this.#subject!;
    const counts = pyramid.total();
    this.#tell({ kind: 'classes', counts, colouring: this.#colouring });
    if (!pyramid.isUpToDate) this.#hasNews = true;
  }

  #tellBlocks(): void {
    const states = this.#replay.blockStates.slice();
    const key = states.join('');
    if (key === this.#statesTold) return;
    this.#statesTold = key;
    this.#tell({ kind: 'blocks', states });
  }
}
