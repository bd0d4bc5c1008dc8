/** Steps run while shrinking, at most: some seconds. */
const STEPS_MAX = 200_000;

/** Steps that fail, and what they fail with. */
export interface Failing<Step> {
  readonly steps: readonly Step[];
  readonly because: string;
}

/** What steps fail with, and at which of them; null if they do not. */
export type Attempt<Step> = (steps: readonly Step[]) => { readonly because: string; readonly at: number } | null;

/**
 * Leaves out whatever is not needed to fail, in ever smaller pieces (delta debugging), until no single step can be left
 * out. What is left may fail with something else than all of it did.
 */
export function shrunk<Step>(steps: readonly Step[], because: string, attempt: Attempt<Step>): Failing<Step> {
  let best: Failing<Step> = { steps, because };
  let budget = STEPS_MAX;
  for (let size = Math.ceil(steps.length / 2); size >= 1; ) {
    let hasShrunk = false;
    for (let from = 0; from < best.steps.length && budget > 0; ) {
      const fewer = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      budget -= fewer.length + 1;
      const failure = fewer.length === 0 ? null : attempt(fewer);
      if (failure === null) from += size;
      else {
        best = { steps: fewer.slice(0, failure.at + 1), because: failure.because };
        hasShrunk = true;
      }
    }
    if (budget <= 0 || (size === 1 && !hasShrunk)) break;
    size = size === 1 ? 1 : Math.ceil(Math.min(size, best.steps.length) / 2);
  }
  return best;
}
