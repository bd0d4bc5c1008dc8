import { quoted } from './quoted.js';
import { VacateError } from './vacate-error.js';

/*
 * What callers pass who have no compiler to stop them. Only the public functions ask: what they let through, the rest may
 * rely on.
 */

/**
 * Complains of an argument that makes no sense: "order is NaN; pass a whole number from 0 to 10".
 *
 * @throws VacateError kind 'usage'.
 */
export function expectArgument(isRight: boolean, name: string, value: unknown, wanted: string): asserts isRight {
  if (!isRight) throw new VacateError('usage', `${name} is ${shown(value)}; pass ${wanted}`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** True for words of 32 bits, from whatever realm (a worker, a frame) they come. */
export function isUint32Array(value: unknown): value is Uint32Array {
  return Object.prototype.toString.call(value) === '[object Uint32Array]';
}

/** True for a function, and for what stands for none. */
export function isCallback(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

/** True for a list of texts, and for what stands for none. */
export function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

/** Any value in a sentence; nothing of its own is called, as that may be anything too. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return 'a BigInt';
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
}
