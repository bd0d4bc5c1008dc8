import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { MAX_PFN, type Pfn } from '../../mm/units.js';
import type { Replay } from '../../recording/replay.js';

/** Where in a run: behind a page event or a range event, counted from 1, at a part of it, or after a time. */
export type Place =
  | { readonly kind: 'event'; readonly number: number }
  | { readonly kind: 'range-event'; readonly number: number }
  | { readonly kind: 'fraction'; readonly fraction: number }
  | { readonly kind: 'time'; readonly ms: number };

const UNITS_MS = { ms: 1, s: 1000 } as const;

/** A place as people write it: "1000", "range:3", "50%", "1.5s"; null for what is none. */
export function placeOf(text: string): Place | null {
  const match = /^(range:)?(\d{1,12}(?:\.\d{1,6})?)(%|ms|s)?$/.exec(text);
  if (match === null) return null;
  const [, range, digits, unit] = match as unknown as [string, string?, string?, ('%' | 'ms' | 's')?];
  const number = Number(digits);
  if (unit === undefined) {
    if (!Number.isInteger(number)) return null;
    return { kind: range === undefined ? 'event' : 'range-event', number };
  }
  if (range !== undefined) return null;
  if (unit !== '%') return { kind: 'time', ms: number * UNITS_MS[unit] };
  return number <= 100 ? { kind: 'fraction', fraction: number / 100 } : null;
}

export function parseAt(text: string): Place {
  const place = placeOf(text);
  if (place !== null) return place;
  throw new VacateError(
    'usage',
    `--at cannot read ${quoted(text)}; write a page event (1000), a range event (range:3), a part (50%) or a time (1.5s)`,
  );
}

/** A page frame number as people write it: "0x10057f", "pfn:0x10057f", "1049983"; null for what is none. */
export function pfnOf(text: string): Pfn | null {
  const match = /^(?:pfn:)?(0x[0-9a-f]{1,8}|\d{1,10})$/i.exec(text);
  const pfn = match === null ? Number.NaN : Number(match[1]);
  return pfn <= MAX_PFN ? pfn : null;
}

export function parsePfn(text: string): Pfn {
  const pfn = pfnOf(text);
  if (pfn !== null) return pfn;
  throw new VacateError(
    'usage',
    `--pfn cannot read ${quoted(text)}; write a page frame number like 0x10057f or 1049983`,
  );
}

/** Takes a replay there; beyond an end it goes to that end. */
export function goTo(replay: Replay, place: Place): void {
  if (place.kind === 'event') replay.seekEvent(place.number);
  else if (place.kind === 'range-event') replay.seekRangeEvent(place.number);
  else if (place.kind === 'fraction') replay.seekFraction(place.fraction);
  else replay.seekTime(place.ms);
}
