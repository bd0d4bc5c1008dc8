const clz32 = Math.clz32;

/** Rounds down to a multiple of `unit`; any positive unit, safe above 2^31. */
export function alignDown(value: number, unit: number): number {
  return value - (value % unit);
}

/** Rounds up to a multiple of `unit`. */
export function alignUp(value: number, unit: number): number {
  return alignDown(value + unit - 1, unit);
}

/** floor(log2(value)) for 1 <= value < 2^32. */
export function log2Floor(value: number): number {
  return 31 - clz32(value);
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}
