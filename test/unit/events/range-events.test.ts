import { ofKind, type RangeEvent, RangeEvents } from '../../../src/events/index.js';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import { MIGRATE_ASYNC } from '../../../src/mm/migrate-mode.js';
import { rangeOf } from '../../../src/mm/pfn-range.js';

const range = rangeOf(0x8000, 0x8000);
const RUN: readonly RangeEvent[] = [
  { kind: 'run-started', frontEnd: 'offline', strategy: 'isolate-first', ranges: [range] },
  { kind: 'range-isolated', range },
  { kind: 'pass-started', pass: 1, mode: MIGRATE_ASYNC, pages: 512 },
  { kind: 'refused', range: rangeOf(0x8001, 1), reason: 'pfn:0x8001 is pinned' },
  { kind: 'range-isolation-undone', range },
  { kind: 'block-state', block: 1, state: BLOCK_OFFLINE },
  { kind: 'block-made', range: rangeOf(0x8000, 512) },
  { kind: 'run-finished', outcome: 'partial' },
];

describe('RangeEvents', () => {
  it('announces one by one, in order, and completes when closed', () => {
    const events = new RangeEvents();
    const seen: (RangeEvent | 'complete')[] = [];
    events.events$.subscribe({ next: (event) => seen.push(event), complete: () => seen.push('complete') });
    for (const event of RUN) events.emit(event);
    events.close();
    events.emit(RUN[0] as RangeEvent);
    expect(seen).toEqual([...RUN, 'complete']);
  });

  it('does nothing when nobody listens', () => {
    const events = new RangeEvents();
    for (const event of RUN) events.emit(event);
    expect(events.listenerErrors).toBe(0);
  });

  it('narrows by kind', () => {
    const events = new RangeEvents();
    const states: number[] = [];
    const kinds: string[] = [];
    events.events$.pipe(ofKind('block-state')).subscribe(({ state }) => states.push(state));
    events.events$.pipe(ofKind('refused', 'run-finished')).subscribe(({ kind }) => kinds.push(kind));
    for (const event of RUN) events.emit(event);
    expect(states).toEqual([BLOCK_OFFLINE]);
    expect(kinds).toEqual(['refused', 'run-finished']);
  });
});
