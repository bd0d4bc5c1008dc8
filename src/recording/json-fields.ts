import { printable } from '../base/quoted.js';
import { damaged } from './damaged.js';

/** An object of a record, each field still to be looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** More texts than this in a list, or longer ones, nobody has written. */
const LENGTH_MAX = 2 ** 21;

export function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw damaged('a record has something else where an object belongs');
}

export function listOf<T>(value: unknown, each: (item: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > LENGTH_MAX)
    throw damaged('a record has something else where a list belongs');
  return value.map((item) => each(item));
}

/** A text without anything that a terminal would obey. */
export function textOf(value: unknown): string {
  if (typeof value === 'string' && value.length <= LENGTH_MAX) return printable(value);
  throw damaged('a record has something else where a text belongs');
}

export function wholeOf(value: unknown, max: number, min = 0): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw damaged(`a record has something else where a whole number from ${min} to ${max} belongs`);
}

export function oneOf<T extends string>(value: unknown, words: readonly T[]): T {
  if (words.includes(value as T)) return value as T;
  throw damaged(`a record has something else where ${words.join(', ')} belongs`);
}
