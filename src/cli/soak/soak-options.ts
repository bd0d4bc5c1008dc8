import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';

/** A machine that threads share has 31 CPUs at most. */
const THREADS_MAX = 24;
const MIGRATORS_MAX = 4;
const ROUNDS_MAX = 999;
/** Timers count milliseconds in 31 bits. */
const MINUTES_MAX = 24 * 60 * 14;

export function parseThreads(text: string): number {
  return wholeNumber('--threads', text, THREADS_MAX, 'how many threads run processes');
}

export function parseMigrators(text: string): number {
  return wholeNumber('--migrators', text, MIGRATORS_MAX, 'how many threads move pages');
}

export function parseRounds(text: string): number {
  return wholeNumber('--rounds', text, ROUNDS_MAX, 'how often every strategy has its turn');
}

function wholeNumber(option: string, text: string, most: number, what: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new VacateError('usage', `${option} cannot be ${quoted(text)}; write ${what}, from 1 to ${most}`);
}

export function parseMinutes(text: string): number {
  return time('--minutes', text, MINUTES_MAX);
}

export function parseSeconds(text: string): number {
  return time('--seconds', text, MINUTES_MAX * 60);
}

function time(option: string, text: string, most: number): number {
  const value = /^\d{1,7}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= most) return value;
  throw new VacateError('usage', `${option} cannot be ${quoted(text)}; write a number above 0, up to ${most}`);
}
