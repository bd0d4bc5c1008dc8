import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { outcomeOf } from '../../../src/events/page-events.js';
import type { RangeEvent } from '../../../src/events/range-events.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import {
  CHUNK_BLOCKS,
  CHUNK_COUNTERS,
  CHUNK_END,
  CHUNK_HEADER,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PATCH,
  CHUNK_RANGE_EVENT,
  type ChunkKind,
} from '../../../src/recording/chunk.js';
import { unpackChunk } from '../../../src/recording/chunk-reader.js';
import { packChunk } from '../../../src/recording/chunk-writer.js';
import { packPageEvents } from '../../../src/recording/pack-events.js';
import type { RecordingEnd, RecordingHeader } from '../../../src/recording/records.js';
import { Replay } from '../../../src/recording/replay.js';
import { pagesMessages } from '../../../src/server/page-messages.js';
import { RunFeed } from '../../../src/server/run-feed.js';
import { FakeOutbox, settle } from './outboxes.js';

const NR_PFNS = 16 * 512;
const BLOCK_PAGES = 2 * 512;

const HEADER: RecordingHeader = {
  command: ['offline', 'small.yaml'],
  machine: {
    ...{ name: 'small', source: 'scenario', kernel: null, nrPfns: NR_PFNS, blockPages: BLOCK_PAGES },
    ...{ pageblockPages: 512, zones: [{ node: 0, kind: 'Normal', start: 0, end: NR_PFNS }], dimms: [] },
  },
  seed: 1,
  strategy: 'merged',
  outcomes: [{ name: 'core', refusals: [null, { id: 'pinned', kind: 'retry', because: 'somebody holds it' }] }],
  by: '0.1.0',
};
const END: RecordingEnd = { ms: 9, outcome: 'done', hash: '00000000', pagesMigrated: 1, ranges: [] };

const json = (kind: ChunkKind, record: unknown) =>
  packChunk({ kind, payload: new TextEncoder().encode(JSON.stringify(record)) }, null);
const rangeEvent = (event: RangeEvent) => json(CHUNK_RANGE_EVENT, { ms: 1, event });

function beginning(prng: Prng): Uint8Array[] {
  const pages = Uint8Array.from({ length: NR_PFNS }, () => 1 + prng.below(4));
  const blocks = { migratetypes: [[MIGRATE_MOVABLE, 16]], states: [[BLOCK_ONLINE, NR_PFNS / BLOCK_PAGES]] };
  return [json(CHUNK_HEADER, HEADER), ...pagesMessages(pages), json(CHUNK_BLOCKS, blocks)];
}

function pageEvents(prng: Prng, nrEvents: number): Uint8Array {
  const words = new Uint32Array(3 * nrEvents);
  for (let at = 0; at < words.length; at += 3) {
    const isMoved = prng.below(4) > 0;
    words.set([prng.below(NR_PFNS), isMoved ? prng.below(NR_PFNS) : NO_PAGE, outcomeOf(0, isMoved ? 0 : 1)], at);
  }
  return packChunk({ kind: CHUNK_PAGE_EVENTS, payload: packPageEvents(words, nrEvents) }, null);
}

/** What happens in a run: mostly page events, now and then a block that goes or comes back. */
function happenings(prng: Prng, nr: number): Uint8Array[] {
  return Array.from({ length: nr }, () => {
    const what = prng.below(8);
    if (what < 5) return pageEvents(prng, 1 + prng.below(40));
    if (what === 5)
      return json(CHUNK_COUNTERS, {
        ...{ ms: 2, migrated: 1, refused: 0, retried: 0, events: 3, freeOrder9: 1, freePages: 9, refusals: {} },
      });
    const state = prng.below(2) === 0 ? BLOCK_OFFLINE : BLOCK_ONLINE;
    if (what === 6) return rangeEvent({ kind: 'block-state', block: prng.below(8), state });
    const start = 512 * prng.below(15);
    return rangeEvent({ kind: 'range-isolated', range: { start, end: start + 512 } });
  });
}

function replayOf(messages: readonly Uint8Array[]): Replay {
  const replay = new Replay();
  for (const message of messages) replay.feed(unpackChunk(message));
  replay.seekFraction(1);
  return replay;
}

/** What a watcher sees at the end must be what happened. */
function expectSame(seen: FakeOutbox, all: readonly Uint8Array[]): void {
  const [got, wanted] = [replayOf(seen.sent), replayOf(all)];
  expect(got.hash()).toBe(wanted.hash());
  expect(got.blockStates).toEqual(wanted.blockStates);
  expect(got.migratetypes).toEqual(wanted.migratetypes);
}

function watch(feed: RunFeed): FakeOutbox {
  const outbox = new FakeOutbox();
  feed.attach(outbox.asOutbox());
  return outbox;
}

describe('a page that keeps up', () => {
  it('gets every chunk once, and then the end', async () => {
    const prng = new Prng(1);
    const feed = new RunFeed();
    const outbox = watch(feed);
    const all = [...beginning(prng), ...happenings(prng, 50), json(CHUNK_END, END)];
    for (const message of all) feed.push(message);
    feed.close(null);
    await settle();
    expect(outbox.sent).toEqual(all);
    expect(outbox.isEnded).toBe(true);
  });

  it('may come late: it gets the run from its beginning, and sees the rest live', async () => {
    const prng = new Prng(2);
    const feed = new RunFeed();
    const all = [...beginning(prng), ...happenings(prng, 50)];
    for (const message of all.slice(0, 30)) feed.push(message);
    const outbox = watch(feed);
    await settle();
    for (const message of all.slice(30)) feed.push(message);
    expect(outbox.sent).toEqual(all);
    feed.close('it broke');
    expect(outbox.failed).toBe('it broke');
  });

  it('may come when all is over', async () => {
    const prng = new Prng(3);
    const feed = new RunFeed();
    const all = [...beginning(prng), ...happenings(prng, 20), json(CHUNK_END, END)];
    for (const message of all) feed.push(message);
    feed.close(null);
    const outbox = watch(feed);
    await settle();
    expect(outbox.sent).toEqual(all);
    expect(outbox.isEnded).toBe(true);
  });
});

describe.each([11, 12, 13, 14, 15, 16, 17, 18])('a page that does not keep up (seed %i)', (seed) => {
  it('is left out of page events, and then told what has become of all pages', async () => {
    const prng = new Prng(seed);
    const feed = new RunFeed();
    const outbox = watch(feed);
    const all = beginning(prng);
    for (const message of all) feed.push(message);
    for (let round = 0; round < 6; round++) {
      outbox.hasRoom = false;
      const sentBefore = outbox.sent.length;
      const missed = happenings(prng, 12);
      for (const message of missed) feed.push(message);
      await settle();
      expect(outbox.kinds().slice(sentBefore)).not.toContain(CHUNK_PAGE_EVENTS);
      outbox.read();
      await settle();
      const seen = happenings(prng, prng.below(5));
      for (const message of seen) feed.push(message);
      all.push(...missed, ...seen);
      expectSame(outbox, all);
    }
    expect(outbox.kinds()).toContain(CHUNK_PATCH);
  });

  it('is told the end after what it missed', async () => {
    const prng = new Prng(seed);
    const feed = new RunFeed();
    const outbox = watch(feed);
    const all = [...beginning(prng), ...happenings(prng, 40), json(CHUNK_END, END)];
    for (const message of all.slice(0, 10)) feed.push(message);
    outbox.hasRoom = false;
    for (const message of all.slice(10)) feed.push(message);
    feed.close(null);
    await settle();
    expect(outbox.isEnded).toBe(false);
    outbox.read();
    await settle();
    expect(outbox.kinds().at(-1)).toBe(CHUNK_END);
    expect(outbox.isEnded).toBe(true);
    expectSame(outbox, all);
  });
});

describe.each([21, 22, 23, 24, 25, 26, 27, 28])('a run of which not all is kept (seed %i)', (seed) => {
  it('is shown as it stands to a page that comes late, and live from then on', async () => {
    const prng = new Prng(seed);
    const feed = new RunFeed(10_000);
    const all = [...beginning(prng), ...happenings(prng, 200)];
    for (const message of all) feed.push(message);
    const outbox = watch(feed);
    await settle();
    expect(outbox.kinds().slice(0, 3)).toEqual([CHUNK_HEADER, CHUNK_PAGES, CHUNK_BLOCKS]);
    expect(outbox.kinds()).not.toContain(CHUNK_PAGE_EVENTS);
    expectSame(outbox, all);
    const more = happenings(prng, 20);
    for (const message of more) feed.push(message);
    expectSame(outbox, [...all, ...more]);
  });

  it('is shown rightly to a page that was still reading its beginning when too much had been kept', async () => {
    const prng = new Prng(seed);
    const feed = new RunFeed(16_000);
    const all = [...beginning(prng), ...happenings(prng, 30)];
    for (const message of all) feed.push(message);
    const outbox = new FakeOutbox();
    outbox.hasRoom = false;
    feed.attach(outbox.asOutbox());
    const more = happenings(prng, 300);
    for (const message of more) feed.push(message);
    await settle();
    outbox.read();
    await settle();
    expectSame(outbox, [...all, ...more]);
  });
});

it('a run so large that its beginning is not kept waits for its pages to be complete', async () => {
  const prng = new Prng(32);
  const feed = new RunFeed(1000);
  const all = [...beginning(prng), ...happenings(prng, 20)];
  for (const message of all.slice(0, 2)) feed.push(message);
  const early = watch(feed);
  await settle();
  for (const message of all.slice(2)) feed.push(message);
  await settle();
  expectSame(early, all);
});

it('a run that broke before it began says why', async () => {
  const feed = new RunFeed();
  const early = watch(feed);
  await settle();
  feed.close('there is no memory');
  const late = watch(feed);
  await settle();
  expect([early.failed, late.failed]).toEqual(['there is no memory', 'there is no memory']);
});

it('a page that has left is forgotten', async () => {
  const prng = new Prng(31);
  const feed = new RunFeed();
  const outbox = watch(feed);
  for (const message of beginning(prng)) feed.push(message);
  await settle();
  outbox.leave();
  const nrSent = outbox.sent.length;
  for (const message of happenings(prng, 20)) feed.push(message);
  feed.close(null);
  expect(outbox.sent.length).toBe(nrSent);
  expect(outbox.isEnded).toBe(false);
});
