import { take, toArray } from 'rxjs';
import {
  decodeBatch,
  migratedOnly,
  type OutcomeTable,
  ofHandler,
  outcomeOf,
  type PageEvent,
  PageEvents,
  refusalsOnly,
} from '../../../src/events/index.js';
import { coreRefusals } from '../../../src/handler/refusal.js';
import { NO_PAGE } from '../../../src/mm/units.js';

const NONLINEAR = { id: 'nonlinear-mapping', kind: 'permanent', because: 'mapped through a nonlinear VMA' } as const;

/** A handler's table serves as it is: the type here is the shape of it, not an import. */
const tables: readonly OutcomeTable[] = [
  { name: 'core', refusals: coreRefusals },
  { name: 'anonymous', refusals: [null] },
  { name: 'nonlinear', refusals: [null, NONLINEAR] },
];

function fixture() {
  const events = new PageEvents();
  const decoded$ = events.batches$.pipe(decodeBatch(tables));
  const run = () => {
    events.begin();
    events.record(1, 101, outcomeOf(1, 0));
    events.record(2, NO_PAGE, outcomeOf(0, 1));
    events.record(3, NO_PAGE, outcomeOf(2, 1));
    events.record(4, 104, outcomeOf(1, 0));
    events.flush();
  };
  return { events, decoded$, run };
}

describe('decodeBatch', () => {
  it('says of each page where it went or why it did not', () => {
    const { decoded$, run } = fixture();
    const seen: PageEvent[] = [];
    decoded$.subscribe((event) => seen.push(event));
    run();
    expect(seen).toEqual([
      { source: 1, target: 101, handler: 'anonymous', refusal: null },
      { source: 2, target: null, handler: 'core', refusal: coreRefusals[1] },
      { source: 3, target: null, handler: 'nonlinear', refusal: NONLINEAR },
      { source: 4, target: 104, handler: 'anonymous', refusal: null },
    ]);
  });

  it('makes objects that outlive the batch', () => {
    const { decoded$, events, run } = fixture();
    let all: PageEvent[] = [];
    decoded$.pipe(toArray()).subscribe((seen) => {
      all = seen;
    });
    run();
    run();
    events.close();
    expect(all.map(({ source }) => source)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  it('stops in the middle of a batch when it is told to', () => {
    const { decoded$, events, run } = fixture();
    const seen: number[] = [];
    decoded$.pipe(take(2)).subscribe(({ source }) => seen.push(source));
    run();
    expect(seen).toEqual([1, 2]);
    expect(events.begin()).toBe(false);
  });

  it('reports an outcome that no table explains as an error of the listener', () => {
    const { decoded$, events } = fixture();
    const caught: unknown[] = [];
    decoded$.subscribe({ error: (error) => caught.push(error) });
    events.begin();
    events.record(1, NO_PAGE, outcomeOf(1, 9));
    events.flush();
    expect(String(caught[0])).toContain('refusal 9 is in the table of anonymous');
    decoded$.subscribe();
    events.begin();
    events.record(1, NO_PAGE, outcomeOf(9, 1));
    events.flush();
    expect(events.listenerErrors).toBe(1);
  });
});

describe('filters', () => {
  it('split pages that went from pages that did not', () => {
    const { decoded$, run } = fixture();
    const went: number[] = [];
    const stayed: string[] = [];
    decoded$.pipe(migratedOnly()).subscribe(({ source }) => went.push(source));
    decoded$.pipe(refusalsOnly()).subscribe(({ refusal }) => stayed.push(refusal.id));
    run();
    expect(went).toEqual([1, 4]);
    expect(stayed).toEqual(['locked', 'nonlinear-mapping']);
  });

  it('pick one handler', () => {
    const { decoded$, run } = fixture();
    const seen: number[] = [];
    decoded$.pipe(ofHandler('nonlinear')).subscribe(({ source }) => seen.push(source));
    run();
    expect(seen).toEqual([3]);
  });
});
