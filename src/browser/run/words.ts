import type { RangeEvent } from '../../events/range-events.js';
import { BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { formatRange, nrPagesIn, type PfnRange } from '../../mm/pfn-range.js';
import { formatPages } from '../../mm/units.js';

/** A range event, as one reads it. */
export function describeRangeEvent(event: RangeEvent): string {
  switch (event.kind) {
    case 'run-started':
      return `${event.frontEnd} begins, with ${event.strategy}`;
    case 'range-isolated':
      return `${sized(event.range)} isolated`;
    case 'range-isolation-undone':
      return `${sized(event.range)} no longer isolated`;
    case 'pass-started':
      return `pass ${event.pass} (${event.mode}): ${count(event.pages, 'page')} left`;
    case 'block-state':
      return `block ${event.block} ${BLOCK_STATE_NAMES[event.state]}`;
    case 'pages-left':
      return `block ${event.block}: ${count(event.pages, 'page')} left`;
    case 'block-made':
      return `free block of ${sized(event.range)}`;
    case 'refused':
      return `${sized(event.range)} refused: ${event.reason}`;
    case 'run-finished':
      return `the run is ${event.outcome}`;
  }
}

/** Pages that a range event is about, to be shown; null if it is about none. */
export function rangeOfEvent(event: RangeEvent, blockPages: number): PfnRange | null {
  if (event.kind === 'run-started') return event.ranges[0] ?? null;
  if (event.kind === 'block-state' || event.kind === 'pages-left')
    return { start: event.block * blockPages, end: (event.block + 1) * blockPages };
  return 'range' in event ? event.range : null;
}

function sized(range: PfnRange): string {
  return `${formatRange(range)} (${formatPages(nrPagesIn(range))})`;
}

export function count(nr: number, one: string): string {
  return `${nr.toLocaleString('en')} ${one}${nr === 1 ? '' : 's'}`;
}

/** Milliseconds of a run: "0.245 s", "12.3 s", "4 min 10 s". */
export function formatMs(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
