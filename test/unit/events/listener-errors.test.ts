import { asyncScheduler, finalize, firstValueFrom, map, merge, NEVER, observeOn, share, startWith, take } from 'rxjs';
import { onStrayListenerError, type PageEventBatch, PageEvents, RangeEvents } from '../../../src/events/index.js';

const BOOM = new Error('boom');
const boom = (): never => {
  throw BOOM;
};

/** Later than the timer with which RxJS rethrows what nobody handled. */
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Announces `nrBatches` batches of one page each. */
function run(events: PageEvents, nrBatches: number): void {
  for (let batch = 0; batch < nrBatches; batch++) {
    events.begin();
    events.record(batch, batch, 0);
    events.flush();
  }
}

function fixture() {
  const errors: unknown[] = [];
  const events = new PageEvents({ onListenerError: (error) => errors.push(error) });
  return { errors, events };
}

/** What RxJS could not place: it would be an uncaught exception if nobody had asked for it. */
const stray: unknown[] = [];

beforeEach(() => {
  stray.length = 0;
  onStrayListenerError((error) => stray.push(error));
});

afterEach(() => onStrayListenerError(null));

describe('a listener that throws', () => {
  it('is unsubscribed after its first error, and the others hear everything', async () => {
    const { errors, events } = fixture();
    let calls = 0;
    const heard = { first: 0, last: 0 };
    events.batches$.subscribe(() => heard.first++);
    events.batches$.subscribe(() => {
      calls++;
      boom();
    });
    events.batches$.subscribe({ next: () => heard.last++ });
    run(events, 3);
    await later();
    expect(calls).toBe(1);
    expect(heard).toEqual({ first: 3, last: 3 });
    expect(errors).toEqual([BOOM]);
    expect(events.listenerErrors).toBe(1);
    expect(stray).toEqual([]);
  });

  it('is only counted when nobody asked for errors', async () => {
    const events = new PageEvents();
    events.batches$.subscribe(boom);
    run(events, 2);
    await later();
    expect(events.listenerErrors).toBe(1);
    expect(stray).toEqual([]);
  });

  it('leaves nobody listening if it was the only one', () => {
    const { events } = fixture();
    events.batches$.subscribe(boom);
    run(events, 1);
    expect(events.begin()).toBe(false);
  });

  it.each([
    [
      'in the consumer behind operators',
      (events: PageEvents) => events.batches$.pipe(map((b) => b.nrEvents)).subscribe(boom),
    ],
    ['in an operator', (events: PageEvents) => events.batches$.pipe(map(boom)).subscribe()],
    [
      'in an operator of a second pipe',
      (events: PageEvents) => events.batches$.pipe(take(9)).pipe(map(boom)).subscribe(),
    ],
    ['in a consumer behind share', (events: PageEvents) => events.batches$.pipe(share()).subscribe(boom)],
    ['before subscribe has returned', (events: PageEvents) => events.batches$.pipe(startWith(null)).subscribe(boom)],
    ['later, on a scheduler', (events: PageEvents) => events.batches$.pipe(observeOn(asyncScheduler)).subscribe(boom)],
    ['by rejecting', (events: PageEvents) => events.batches$.subscribe(async () => boom())],
  ])('is caught %s', async (_where, subscribe) => {
    const { errors, events } = fixture();
    let heard = 0;
    const subscription = subscribe(events);
    events.batches$.subscribe(() => heard++);
    run(events, 3);
    await later();
    expect(heard).toBe(3);
    expect(new Set(errors)).toEqual(new Set([BOOM]));
    expect(subscription.closed).toBe(true);
    expect(stray).toEqual([]);
  });

  it('hears of an operator that throws in its own error handler, if it has one', () => {
    const { errors, events } = fixture();
    const caught: unknown[] = [];
    events.batches$.pipe(map(boom)).subscribe({ error: (error) => caught.push(error) });
    run(events, 2);
    expect(caught).toEqual([BOOM]);
    expect(errors).toEqual([]);
  });

  it.each([
    ['error handler', (events: PageEvents) => events.batches$.pipe(map(boom)).subscribe({ error: boom })],
    ['complete handler', (events: PageEvents) => events.batches$.subscribe({ complete: boom })],
    ['teardown', (events: PageEvents) => events.batches$.pipe(finalize(boom)).subscribe()],
  ])('is caught in its %s', async (_where, subscribe) => {
    const { events } = fixture();
    const completed: string[] = [];
    events.batches$.subscribe({ complete: () => completed.push('before') });
    subscribe(events);
    events.batches$.subscribe({ complete: () => completed.push('after') });
    run(events, 2);
    events.close();
    await later();
    expect(completed).toEqual(['before', 'after']);
    expect(events.listenerErrors).toBe(1);
    expect(stray).toEqual([]);
  });

  it('may throw in its teardown as well when it is unsubscribed for throwing', async () => {
    const { errors, events } = fixture();
    let heard = 0;
    events.batches$.pipe(finalize(boom)).subscribe(boom);
    events.batches$.subscribe(() => heard++);
    run(events, 2);
    await later();
    expect(heard).toBe(2);
    expect(errors[0]).toBe(BOOM);
    expect(String(errors[1])).toContain('boom');
    expect(stray).toEqual([]);
  });

  it('cannot hurt through the handler that is told of it', () => {
    const events = new PageEvents({ onListenerError: boom });
    let heard = 0;
    events.batches$.subscribe(boom);
    events.batches$.subscribe(() => heard++);
    run(events, 2);
    expect(heard).toBe(2);
    expect(events.listenerErrors).toBe(2);
  });

  it('rejects a promise made of the Observable, as any other would', async () => {
    const { errors, events } = fixture();
    const done = events.batches$.forEach(boom);
    run(events, 1);
    await expect(done).rejects.toBe(BOOM);
    expect(errors).toEqual([]);
    const first = firstValueFrom(events.batches$);
    run(events, 1);
    expect((await first).nrEvents).toBe(1);
  });

  it('is the application’s business behind `merge`, and still does not stop the run', async () => {
    const { errors, events } = fixture();
    let heard = 0;
    merge(events.batches$, NEVER).subscribe(boom);
    events.batches$.subscribe(() => heard++);
    run(events, 2);
    await later();
    expect(heard).toBe(2);
    expect(errors).toEqual([]);
    expect(stray).toEqual([BOOM, BOOM]);
  });
});

describe('a listener that is in order', () => {
  it('can leave from within a delivery', () => {
    const { events } = fixture();
    const heard: number[] = [];
    const subscription = events.batches$.subscribe(({ words }) => {
      heard.push(words[0] as number);
      subscription.unsubscribe();
    });
    run(events, 3);
    expect(heard).toEqual([0]);
  });

  it('keeps `this` of an observer object', () => {
    const { events } = fixture();
    const observer = {
      heard: 0,
      next(batch: PageEventBatch) {
        this.heard += batch.nrEvents;
      },
    };
    events.batches$.subscribe(observer);
    run(events, 2);
    expect(observer.heard).toBe(2);
  });
});

describe('RangeEvents', () => {
  it('isolates a listener that throws, too', () => {
    const errors: unknown[] = [];
    const events = new RangeEvents({ onListenerError: (error) => errors.push(error) });
    let heard = 0;
    events.events$.pipe(map((event) => event.kind)).subscribe(boom);
    events.events$.subscribe(() => heard++);
    events.emit({ kind: 'run-finished', outcome: 'done' });
    events.emit({ kind: 'run-finished', outcome: 'done' });
    expect(heard).toBe(2);
    expect(errors).toEqual([BOOM]);
    expect(events.listenerErrors).toBe(1);
  });
});
