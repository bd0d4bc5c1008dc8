import { Prng } from '../../base/prng.js';
import { VacateError } from '../../base/vacate-error.js';
import type { PageType } from '../../handler/define-page-type.js';
import { ConformanceFailure, check } from '../conformance.js';
import { type Failing, shrunk } from '../shrink.js';
import { ACTS, type Act, PageModel } from './page-model.js';
import type { Open, PageTypeCase } from './world.js';

/** How many operations, and which. */
export interface ModelOptions {
  readonly operations: number;
  readonly seed: number;
}

/** One operation, as data, so that a failing list of them can be shortened; what cannot be done is passed over. */
export interface Operation {
  readonly act: Act;
  /** Which page, and how many. */
  readonly page: number;
  readonly more: number;
}

/** What others do is as frequent as moving, which is what this is about. */
const WEIGHTED: readonly Act[] = [...ACTS, 'move', 'move', 'relieve', 'relieve', 'relieve'];

/** Long runs against a model that is too simple to be wrong. */
export function modelRules({ name }: PageType, open: Open, { operations, seed }: ModelOptions): PageTypeCase[] {
  return [
    {
      name: 'thousands of operations leave what a model of one object a page says',
      rule: 'as-a-model-says',
      run: () => {
        const steps = operationsOf(seed, operations);
        const failure = attempt(open, steps);
        if (failure === null) return;
        const found = shrunk(steps.slice(0, failure.at + 1), failure.because, (fewer) => attempt(open, fewer));
        throw new ConformanceFailure(toldBy(open, name, found, failure.at + 1, seed));
      },
    },
  ];
}

function operationsOf(seed: number, nr: number): Operation[] {
  check(Number.isInteger(nr) && nr > 0, `${nr} is no number of operations`);
  const prng = new Prng(seed);
  return Array.from({ length: nr }, () => ({
    act: WEIGHTED[prng.below(WEIGHTED.length)]!,
    page: prng.below(1 << 16),
    more: prng.below(1 << 16),
  }));
}

/** A new machine, and the operations on it. */
function attempt(open: Open, steps: readonly Operation[]): { because: string; at: number } | null {
  const model = new PageModel(open());
  let at = 0;
  try {
    for (; at < steps.length; at++) model.apply(steps[at]!, at);
    at = steps.length - 1;
    model.checkAll();
    return null;
  } catch (error) {
    if (error instanceof ConformanceFailure || VacateError.is(error)) return { because: error.message, at };
    throw error;
  }
}

/** The shortest list that fails, as steps in words. */
function toldBy(open: Open, name: string, { steps, because }: Failing<Operation>, nr: number, seed: number): string {
  const model = new PageModel(open());
  const told = steps.map((step, i) => {
    const words = model.inWords(step);
    try {
      model.apply(step, i);
    } catch {
      // The last step is the one that fails.
    }
    return `  ${i + 1}. ${words}`;
  });
  const list = told.join('\n');
  return `${because}\n${name}, seed ${seed}, failed at operation ${nr}; these of them are enough:\n${list}`;
}
