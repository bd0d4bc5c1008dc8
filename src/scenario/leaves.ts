import { z } from 'zod';
import { MAX_PFN } from '../mm/units.js';
import { DURATION_PATTERN, nanosecondsOf, pagesOf, SIZE_PATTERN, SPAN_PATTERN, sizeText } from './sizes.js';

/*
 * What a single value of a scenario file may be. Every message is the noun phrase that completes "... is 5, not";
 * problems.ts makes sentences of them.
 */

const SIZE = 'a size such as "512MiB", "4GiB", "64KiB" or "1000 pages"';
const DURATION = 'a duration such as "100us", "5ms", "2s" or "forever"';
const SPAN = 'a duration such as "100us", "5ms" or "2s"';
const RATE = 'a number above 0, up to 100000';
const FRACTION = 'a fraction from 0 to 1';

/** Page numbers reach no further, and neither does swap. */
const PAGES_MAX = MAX_PFN + 1;

/** A size in pages; in the file, text. */
export function sizeAtLeast(pagesMin: 0 | 1) {
  return z
    .string(SIZE)
    .regex(SIZE_PATTERN, { error: SIZE, abort: true })
    .transform((written, context) => {
      const pages = pagesOf(written);
      const fail = (message: string) => context.issues.push({ code: 'custom', message, input: written });
      if (!Number.isInteger(pages)) fail('a whole number of 4 KiB pages');
      else if (pages < pagesMin) fail('at least one page');
      else if (pages > PAGES_MAX) fail(`a size of at most ${sizeText(PAGES_MAX)}`);
      return pages;
    });
}

export const size = sizeAtLeast(1);

/** Nanoseconds of virtual time; in the file, text. */
export const duration = z
  .string(DURATION)
  .regex(DURATION_PATTERN, { error: DURATION, abort: true })
  .transform(nanosecondsOf);

/** The same, of a length that ends. */
export const span = z.string(SPAN).regex(SPAN_PATTERN, { error: SPAN, abort: true }).transform(nanosecondsOf);

/** How often in a millisecond of virtual time. */
export const rate = z.number(RATE).gt(0, RATE).max(100_000, RATE);

export const fraction = z.number(FRACTION).min(0, FRACTION).max(1, FRACTION);

export function wholeNumber(least: number, most: number) {
  const phrase = `a whole number from ${least} to ${most}`;
  return z.int(phrase).min(least, phrase).max(most, phrase);
}

/** Text that is not empty; `phrase` says what it stands for. */
export const text = (phrase: string) => z.string(phrase).min(1, phrase);
