import {
  codeOf,
  handlerOf,
  NR_OUTCOMES,
  outcomeOf,
  type PageEventBatch,
  PageEvents,
  TOTAL_BATCHES,
  TOTAL_EVENTS,
  TOTAL_MIGRATED,
  TOTAL_REFUSED,
  TOTAL_RETRIED,
  WORDS_PER_EVENT,
} from '../../../src/events/index.js';
import { NO_PAGE } from '../../../src/mm/units.js';

/** A batch is valid only while it is delivered, so a listener that keeps it must copy. */
function listen(events: PageEvents): number[][] {
  const batches: number[][] = [];
  events.batches$.subscribe(({ words, nrEvents }) => {
    expect(words.length).toBe(nrEvents * WORDS_PER_EVENT);
    batches.push([...words]);
  });
  return batches;
}

describe('outcome', () => {
  it('holds a handler and a code in 16 bits', () => {
    for (const [handler, code] of [
      [0, 0],
      [0, 12],
      [3, 0],
      [255, 255],
    ] as const) {
      const outcome = outcomeOf(handler, code);
      expect(outcome).toBeLessThan(NR_OUTCOMES);
      expect([handlerOf(outcome), codeOf(outcome)]).toEqual([handler, code]);
    }
  });
});

describe('PageEvents', () => {
  it.each([1, 3, 5, 100])('records pages that moved together as it records each, with room for %i', (ringEvents) => {
    const [together, each] = [new PageEvents({ ringEvents }), new PageEvents({ ringEvents })];
    const batches = [listen(together), listen(each)];
    const [sources, targets] = [Uint32Array.of(9, 1, 2, 3, 4, 5, 6), Uint32Array.of(8, 11, 12, 13, 14, 15, 16)];
    for (const events of [together, each]) {
      events.begin();
      events.record(7, NO_PAGE, outcomeOf(1, 2));
    }
    together.recordMoved(sources, targets, 1, 6, outcomeOf(2, 0));
    for (let page = 1; page < 6; page++) each.record(sources[page]!, targets[page]!, outcomeOf(2, 0));
    for (const events of [together, each]) events.flush();
    expect(batches[0]!.flat()).toHaveLength(6 * WORDS_PER_EVENT);
    expect(batches[0]).toEqual(batches[1]);
  });

  it('records nothing of pages that moved together while nobody listens', () => {
    const events = new PageEvents();
    events.begin();
    const batches = listen(events);
    events.recordMoved(Uint32Array.of(1), Uint32Array.of(2), 0, 1, 0);
    events.flush();
    expect(batches).toEqual([]);
  });

  it('writes nothing while nobody listens, and counts all the same', () => {
    const events = new PageEvents();
    expect(events.begin()).toBe(false);
    events.record(1, 2, 0);
    events.countMigrated(3);
    events.countRetried(2);
    events.countRefused(outcomeOf(2, 5), 4);
    events.countRefused(outcomeOf(2, 5), 1);
    events.flush();
    const batches = listen(events);
    events.begin();
    events.flush();
    expect(batches).toEqual([]);
    expect(events.totals[TOTAL_MIGRATED]).toBe(3);
    expect(events.totals[TOTAL_RETRIED]).toBe(2);
    expect(events.totals[TOTAL_REFUSED]).toBe(5);
    expect(events.refused[outcomeOf(2, 5)]).toBe(5);
    expect(events.totals[TOTAL_BATCHES]).toBe(0);
    expect(events.totals[TOTAL_EVENTS]).toBe(0);
  });

  it('delivers when the ring is full and when a batch ends', () => {
    const events = new PageEvents({ ringEvents: 2 });
    const batches = listen(events);
    expect(events.begin()).toBe(true);
    events.record(10, 20, 0);
    expect(batches).toEqual([]);
    events.record(11, NO_PAGE, outcomeOf(1, 3));
    expect(batches).toEqual([[10, 20, 0, 11, NO_PAGE, 259]]);
    events.record(12, 22, outcomeOf(1, 0));
    events.flush();
    events.flush();
    expect(batches.slice(1)).toEqual([[12, 22, 256]]);
    expect(events.totals[TOTAL_BATCHES]).toBe(2);
    expect(events.totals[TOTAL_EVENTS]).toBe(3);
  });

  it('hands out windows on one buffer, not copies', () => {
    const events = new PageEvents({ ringEvents: 4 });
    const buffers = new Set<ArrayBufferLike>();
    events.batches$.subscribe((batch) => buffers.add(batch.words.buffer));
    events.begin();
    for (let page = 0; page < 40; page++) events.record(page, page, 0);
    expect(events.totals[TOTAL_BATCHES]).toBe(10);
    expect(buffers.size).toBe(1);
  });

  it('asks who listens once, when a batch begins', () => {
    const events = new PageEvents();
    events.begin();
    const batches = listen(events);
    events.record(1, 2, 0);
    events.flush();
    expect(batches).toEqual([]);
    events.begin();
    events.record(3, 4, 0);
    events.flush();
    expect(batches).toEqual([[3, 4, 0]]);
  });

  it('stops writing once the last listener has left', () => {
    const events = new PageEvents();
    const subscription = events.batches$.subscribe();
    expect(events.begin()).toBe(true);
    events.record(1, 2, 0);
    subscription.unsubscribe();
    events.flush();
    expect(events.totals[TOTAL_EVENTS]).toBe(0);
    expect(events.begin()).toBe(false);
  });

  it('delivers what a run that broke off has left behind', () => {
    const events = new PageEvents();
    const batches = listen(events);
    events.begin();
    events.record(1, 2, 0);
    events.begin();
    expect(batches).toEqual([[1, 2, 0]]);
  });

  it('delivers the rest and completes when it is closed', () => {
    const events = new PageEvents();
    const seen: (PageEventBatch | 'complete')[] = [];
    events.batches$.subscribe({ next: (batch) => seen.push(batch), complete: () => seen.push('complete') });
    events.begin();
    events.record(1, 2, 0);
    events.close();
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBe('complete');
    expect(events.begin()).toBe(false);
    events.record(3, 4, 0);
    events.flush();
    expect(seen).toHaveLength(2);
  });

  it('keeps its Subject to itself', () => {
    const events = new PageEvents();
    expect('next' in events.batches$).toBe(false);
  });

  it('refuses a listener that steers', () => {
    const errors: unknown[] = [];
    const events = new PageEvents({ onListenerError: (error) => errors.push(error) });
    events.batches$.subscribe(() => events.begin());
    const batches = listen(events);
    events.begin();
    events.record(1, 2, 0);
    events.flush();
    expect(batches).toEqual([[1, 2, 0]]);
    expect(String(errors[0])).toContain('must not migrate pages');
  });

  it('has a ring of at least one event', () => {
    expect(() => new PageEvents({ ringEvents: 0 })).toThrow('at least one event');
  });
});
