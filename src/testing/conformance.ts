import { VacateError } from '../base/vacate-error.js';

/**
 * One thing that is asked of whatever is tested, for any runner of tests.
 *
 * @example
 * const cases: ConformanceCase[] = hostConformance({ open: () => simulatedWorld(smallMachine()) });
 * for (const { name, run } of cases) it(name, run); // of jest or vitest; test of node:test
 */
export interface ConformanceCase<Rule extends string = string> {
  /** A sentence that is true if the case passes; unique in its kit. */
  readonly name: string;
  /** The rule that the case is about, in kebab-case; several cases may be about one. */
  readonly rule: Rule;
  /** Returns if what is tested conforms, throws a ConformanceFailure if it does not. */
  readonly run: () => void;
}

/** A case that does not apply, and why. It must fail if it is run all the same, so that no skip outlives its reason. */
export interface Skip {
  readonly name: string;
  readonly because: string;
}

/**
 * What is tested does not do what it promised; the message says which rule that was, which page, and what was wrong.
 *
 * @example
 * const failure = new ConformanceFailure('it is mapped twice', 'migrate-moves-mappings', 'pfn:0x10');
 * failure.rule; // "migrate-moves-mappings"
 */
export class ConformanceFailure extends Error {
  override readonly name: string = 'ConformanceFailure';

  /** `rule` is null as long as only what was wrong is known, and not yet what was asked. */
  constructor(
    readonly because: string,
    readonly rule: string | null = null,
    readonly culprit: string | null = null,
  ) {
    super(rule === null ? because : `${culprit} breaks "${rule}": ${because}`);
  }

  /** The same failure, with its rule and its culprit: 'page type "ring-buffer"'. */
  under(rule: string, culprit: string): ConformanceFailure {
    return new ConformanceFailure(this.because, rule, culprit);
  }
}

export function check(condition: boolean, because: string): asserts condition {
  if (!condition) throw new ConformanceFailure(because);
}

export function checkSame<T>(found: T, expected: T, what: string): void {
  check(found === expected, `${what} is ${String(found)}, not ${String(expected)}`);
}

/**
 * The case, with its rule and its culprit in every failure. The service and others find some broken contracts by
 * themselves, and say so in an error of kind 'plugin': what they say of the culprit is what the case found out.
 */
export function naming<C extends ConformanceCase>(culprit: string | (() => string), known: C): C {
  const { rule, run } = known;
  return {
    ...known,
    run: () => {
      try {
        run();
      } catch (error) {
        const who = typeof culprit === 'string' ? culprit : culprit();
        if (error instanceof ConformanceFailure) throw error.under(rule, who);
        if (VacateError.is(error) && error.kind === 'plugin') throw new ConformanceFailure(error.message, rule, who);
        throw error;
      }
    },
  };
}

/** @throws Error if a skip names no case, or has no reason. */
export function checkSkips(cases: readonly ConformanceCase[], skips: readonly Skip[]): void {
  for (const { name, because } of skips) {
    if (!cases.some((known) => known.name === name)) throw new Error(`there is no case "${name}" to skip`);
    if (because.trim() === '') throw new Error(`the case "${name}" is skipped without a reason`);
  }
}

/** A skipped case, turned round: its name says why, and it passes if the case fails. */
export function turnedRound<C extends ConformanceCase>(known: C, because: string): C {
  const { name, run } = known;
  return {
    ...known,
    name: `cannot be asked: ${name} (${because})`,
    run: () => {
      try {
        run();
      } catch {
        return;
      }
      check(false, `"${name}" passes; do not skip it`);
    },
  };
}
