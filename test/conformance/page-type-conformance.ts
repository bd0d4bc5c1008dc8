import { VacateError } from '../../src/base/vacate-error.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { bulkCases } from './bulk-cases.js';
import { claimCases, isolationCases } from './claim-cases.js';
import { interruptionCases } from './interruption-cases.js';
import { moveCases } from './move-cases.js';
import { coreCases, ownCases } from './refusal-cases.js';
import { type ConformanceCase, check, type Fixture, openWorld } from './world.js';

export { type ConformanceCase, ConformanceFailure, type Fixture, type FixturePage, type Provocation } from './world.js';

/**
 * What every page type must do, as cases for whatever runs tests. They ask a plugin by its contract, and through the
 * migration service, on a small machine that the plugin's author builds; each case gets a new one.
 *
 * @example
 * for (const { name, run } of pageTypeConformance(plugin, { fixture })) it(name, run);
 */
export function pageTypeConformance(plugin: PageType, { fixture, skip = [] }: ConformanceOptions): ConformanceCase[] {
  const open = () => openWorld(plugin, fixture());
  const all = [...claimCases(open), ...isolationCases(open), ...coreCases(open), ...ownCases(plugin, open)];
  all.push(...moveCases(open), ...interruptionCases(open), ...bulkCases(plugin, open));
  return withoutSkipped(all.map(asFailure), skip);
}

/** The service finds some broken contracts by itself: what it says of the plugin is what the case found out. */
function asFailure({ name, run }: ConformanceCase): ConformanceCase {
  return {
    name,
    run: () => {
      try {
        run();
      } catch (error) {
        if (VacateError.is(error) && error.kind === 'plugin') check(false, error.message);
        throw error;
      }
    },
  };
}

function withoutSkipped(all: readonly ConformanceCase[], skip: readonly Skip[]): ConformanceCase[] {
  for (const { name, because } of skip) {
    if (!all.some((known) => known.name === name)) throw new Error(`there is no case "${name}" to skip`);
    if (because.trim() === '') throw new Error(`the case "${name}" is skipped without a reason`);
  }
  const isSkipped = ({ name }: ConformanceCase) => skip.some((skipped) => skipped.name === name);
  const skipped = all.filter(isSkipped);
  return [...all.filter((known) => !isSkipped(known)), ...(skipped.length === 0 ? [] : [skipsAreNeeded(skipped)])];
}

export interface ConformanceOptions {
  /** A small machine with pages that the plugin claims, made anew for every case. */
  readonly fixture: () => Fixture;
  /** Cases that do not apply. Each must fail if it is run all the same, or it need not be skipped. */
  readonly skip?: readonly Skip[];
}

interface Skip {
  readonly name: string;
  readonly because: string;
}

/** A skip is a statement too: that the case cannot pass. */
function skipsAreNeeded(skipped: readonly ConformanceCase[]): ConformanceCase {
  return {
    name: `every skip is needed (${skipped.length})`,
    run: () => {
      for (const { name, run } of skipped) {
        let passes = true;
        try {
          run();
        } catch {
          passes = false;
        }
        check(!passes, `"${name}" passes; do not skip it`);
      }
    },
  };
}
