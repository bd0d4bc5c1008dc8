import { log2Floor } from '../base/bits.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { MAX_PFN, PAGE_SIZE } from '../mm/units.js';

/*
 * Readers of option values. They throw a sentence of ours, where commander would wrap it into one of its own.
 */

/** All the memory that page numbers can name. A machine may have less, and the strategy says so. */
const ORDER_MAX = log2Floor(MAX_PFN);

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** Timers count milliseconds in 31 bits, and one that is set for longer is over at once. */
const HOURS_MAX = 500;

/** Milliseconds of "30s", "500ms", "2m", "1h"; a bare number is seconds. */
export function parseTimeout(text: string): number {
  return parseTime('--timeout', text);
}

/** The same for how long nothing may happen. */
export function parseStall(text: string): number {
  return parseTime('--stall', text);
}

/** The same for how long a client stays where nobody works for it. */
export function parseWait(text: string): number {
  return parseTime('--wait', text);
}

/** A worker renews what it has in half of this; shorter, and a busy machine looks dead. */
const TAKE_OVER_MS_MIN = 500;

/** Milliseconds after which others take over what a silent worker had. */
export function parseTakeOver(text: string): number {
  const ms = parseTime('--takeover', text);
  if (ms >= TAKE_OVER_MS_MIN && ms <= STEP_MS_MAX) return Math.round(ms);
  throw new VacateError('usage', `--takeover cannot be ${quoted(text)}; write a time from 500ms to 1h`);
}

/** Longer than anybody waits for one step; the other end of what `checkTimeLimit` takes. */
const STEP_MS_MAX = MS.h;

/** Milliseconds that a plugin may take. */
export function parsePluginTimeLimit(text: string): number {
  const ms = parseTime('--plugin-time-limit', text);
  if (ms >= 1 && ms <= STEP_MS_MAX) return ms;
  throw new VacateError('usage', `--plugin-time-limit cannot be ${quoted(text)}; write a time from 1ms to 1h`);
}

function parseTime(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * MS[(match[2] ?? 's') as keyof typeof MS];
  if (ms > 0 && ms <= HOURS_MAX * MS.h) return ms;
  throw new VacateError(
    'usage',
    `${option} cannot read ${quoted(text)}; write a time like 30s, 500ms, 2m or 1h, up to ${HOURS_MAX}h`,
  );
}

export function parseOrder(text: string): number {
  const order = wholeNumber(text);
  if (order !== null && order >= 1 && order <= ORDER_MAX) return order;
  throw new VacateError(
    'usage',
    `--order cannot be ${quoted(text)}; write a number from 1 to ${ORDER_MAX} (9 is 2 MiB, the size of a huge page)`,
  );
}

export function parseCount(text: string): number | 'all' {
  if (text === 'all') return 'all';
  const count = wholeNumber(text);
  if (count !== null && count >= 1) return count;
  throw new VacateError(
    'usage',
    `--count cannot be ${quoted(text)}; write how many blocks you want, 1 or more, or all`,
  );
}

/** No kernel is built for more (CONFIG_NODES_SHIFT is 10 at most). */
const NODE_MAX = 1023;

export function parseNode(text: string): number {
  const node = wholeNumber(text);
  if (node !== null && node <= NODE_MAX) return node;
  throw new VacateError('usage', `--node cannot be ${quoted(text)}; write the number of a node, from 0 to ${NODE_MAX}`);
}

export function parseSeed(text: string): number {
  const seed = wholeNumber(text);
  if (seed !== null && seed < 2 ** 32) return seed;
  throw new VacateError('usage', `--seed cannot be ${quoted(text)}; write a number from 0 to ${2 ** 32 - 1}`);
}

/** So many that a comparison ends in this lifetime. */
const SEEDS_MAX = 10_000;

/** How many seeds a comparison has. */
export function parseSeeds(text: string): number {
  const seeds = wholeNumber(text);
  if (seeds !== null && seeds >= 1 && seeds <= SEEDS_MAX) return seeds;
  throw new VacateError('usage', `--seeds cannot be ${quoted(text)}; write how many, from 1 to ${SEEDS_MAX}`);
}

/** More threads than this only get in each other's way. */
const JOBS_MAX = 256;

/** How many runs go on at a time. */
export function parseJobs(text: string): number {
  const jobs = wholeNumber(text);
  if (jobs !== null && jobs >= 1 && jobs <= JOBS_MAX) return jobs;
  throw new VacateError(
    'usage',
    `--jobs cannot be ${quoted(text)}; write how many runs go on at a time, 1 to ${JOBS_MAX}`,
  );
}

/** How many nodes work at a time. */
export function parseNodeThreads(text: string): number {
  const threads = wholeNumber(text);
  if (threads !== null && threads >= 1 && threads <= JOBS_MAX) return threads;
  throw new VacateError(
    'usage',
    `--threads cannot be ${quoted(text)}; write how many nodes work at a time, 1 to ${JOBS_MAX}`,
  );
}

/** How many read a host's pages at a time. */
export function parseReaders(text: string): 1 | 2 {
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new VacateError('usage', `--readers cannot be ${quoted(text)}; write 1 or 2`);
}

const SIZES = {
  KiB: 2 ** 10,
  K: 2 ** 10,
  MiB: 2 ** 20,
  M: 2 ** 20,
  GiB: 2 ** 30,
  G: 2 ** 30,
  TiB: 2 ** 40,
  T: 2 ** 40,
};

/** Bytes of "4GiB", "512M"; a bare number is bytes. */
export function parseNeed(text: string): number {
  return parseSize('--need', text);
}

export function parseWant(text: string): number {
  return parseSize('--want', text);
}

function parseSize(option: string, text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(KiB|K|MiB|M|GiB|G|TiB|T)?$/.exec(text);
  const bytes =
    match === null ? 0 : Number(match[1]) * (match[2] === undefined ? 1 : SIZES[match[2] as keyof typeof SIZES]);
  if (bytes >= 1 && bytes <= (MAX_PFN + 1) * PAGE_SIZE) return Math.ceil(bytes);
  throw new VacateError('usage', `${option} cannot read ${quoted(text)}; write a size like 512MiB or 4GiB, up to 1TiB`);
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** For options where the last of two must not win in silence, because it decides which memory goes. */
export function once(option: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous === undefined) return value;
    throw new VacateError('usage', `${option} is given twice, ${quoted(previous)} and ${quoted(value)}; keep one`);
  };
}

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
