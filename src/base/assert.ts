/** A broken assertion is a bug of ours, never of the caller's input; it stays on in production. */
export function assert(condition: boolean, because: string): asserts condition {
  if (!condition) throw new AssertionError(because);
}

/** Marks code that no value can reach; the compiler proves it, this says so at run time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
