import type { RangeEvent } from '../../events/range-events.js';
import { BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { formatRange, nrPagesIn, totalPages } from '../../mm/pfn-range.js';
import { formatPages, formatPfn } from '../../mm/units.js';
import {
  isInBuddy,
  kindOfByte,
  type PageByte,
  STATE_ARRIVED,
  STATE_DIRTY,
  STATE_ISOLATED,
  STATE_LOCKED,
  STATE_PCP,
  STATE_REFUSED,
  STATE_UNEVICTABLE,
  STATE_WRITEBACK,
  stateOfByte,
} from '../../picture/page-bytes.js';
import { KIND_FREE, PAGE_KINDS } from '../../picture/page-kinds.js';
import type { PageMoment } from '../../recording/page-history.js';
import { countOf } from '../wording.js';

const MODES = ['async', 'sync-light', 'sync'] as const;

/** A range event in words. */
export function rangeEventText(event: RangeEvent): string {
  switch (event.kind) {
    case 'run-started': {
      const pages = totalPages(event.ranges);
      const what = pages === 0 ? '' : `, ${formatPages(pages)}`;
      return `run started: ${event.frontEnd} by ${event.strategy}${what}`;
    }
    case 'range-isolated':
      return `isolated ${formatRange(event.range)}, ${formatPages(nrPagesIn(event.range))}`;
    case 'range-isolation-undone':
      return `isolation undone of ${formatRange(event.range)}`;
    case 'pass-started':
      return `pass ${event.pass} (${MODES[event.mode]}) over ${event.pages.toLocaleString('en-US')} pages`;
    case 'block-state':
      return `block ${event.block} is ${BLOCK_STATE_NAMES[event.state]}`;
    case 'pages-left':
      return `block ${event.block} has ${countOf(event.pages, 'page')} left in use`;
    case 'block-made':
      return `free block made at ${formatRange(event.range)}, ${formatPages(nrPagesIn(event.range))}`;
    case 'refused':
      return `gave up on ${formatRange(event.range)}: ${event.reason}`;
    case 'run-finished':
      return `run finished: ${event.outcome}`;
  }
}

const STATE_WORDS: Readonly<Record<number, string>> = {
  [STATE_DIRTY]: 'dirty',
  [STATE_WRITEBACK]: 'under writeback',
  [STATE_LOCKED]: 'locked',
  [STATE_UNEVICTABLE]: 'unevictable',
  [STATE_ISOLATED]: 'isolated',
  [STATE_ARRIVED]: 'arrived in this run',
  [STATE_REFUSED]: 'refused in this run',
};

/** What a page byte says, in words. */
export function pageByteText(byte: PageByte): string {
  const label = PAGE_KINDS[kindOfByte(byte)]?.label ?? 'of no known kind';
  if (isInBuddy(byte)) return `${label}, in a block of order ${stateOfByte(byte)}`;
  if (kindOfByte(byte) === KIND_FREE && stateOfByte(byte) === STATE_PCP) return `${label}, on a per-CPU list`;
  const state = STATE_WORDS[stateOfByte(byte)];
  return state === undefined ? label : `${label}, ${state}`;
}

/** What became of a page, seen from the page `pfn`. */
export function pageMomentText({ source, target, handler, refusal }: PageMoment, pfn: number): string {
  if (refusal !== null) {
    const willPass = refusal.kind === 'retry' ? 'may pass' : 'permanent';
    return `refused, ${refusal.reason} (${willPass}; ${refusal.handler}): ${refusal.because}`;
  }
  if (target === pfn) return `a page came here from ${formatPfn(source)}, moved by ${handler}`;
  return `moved to ${target === null ? 'nowhere' : formatPfn(target)}, by ${handler}`;
}

/** Milliseconds since the run began. */
export function timeText(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
