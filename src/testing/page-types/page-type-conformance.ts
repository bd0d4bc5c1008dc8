import type { PageType } from '../../handler/define-page-type.js';
import { check, checkSkips, naming, type Skip } from '../conformance.js';
import { bulkRules } from './bulk-rules.js';
import { claimRules, isolationRules } from './claim-rules.js';
import { interruptionRules } from './interruption-rules.js';
import { modelRules } from './model-rules.js';
import { moveRules } from './move-rules.js';
import { preemptionRules } from './preemption-rules.js';
import { coreRules, ownRules } from './refusal-rules.js';
import { smallWorldRules } from './small-worlds.js';
import { type Fixture, openWorld, type PageTypeCase } from './world.js';

/**
 * What every page type must do, as cases for whatever runs tests. They ask a plugin by its contract, and through the
 * migration service, on a small machine that the plugin's author builds, or takes ready-made; each case gets a new one.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const cases: PageTypeCase[] = pageTypeConformance(anonymous, anonymousPages());
 * const rules: PageTypeRule[] = cases.map(({ rule }) => rule);
 * rules.every((rule) => PAGE_TYPE_RULES[rule] !== undefined); // true
 */
export function pageTypeConformance(plugin: PageType, options: PageTypeOptions): PageTypeCase[] {
  const { fixture, skip = [], operations = 10_000, seed = 1 } = options;
  const open = () => openWorld(plugin, fixture());
  const all = [...claimRules(open), ...isolationRules(open), ...coreRules(open), ...ownRules(plugin, open)];
  all.push(...moveRules(open), ...interruptionRules(open), ...bulkRules(plugin, open));
  all.push(...preemptionRules(open), ...smallWorldRules(open), ...modelRules(plugin, open, { operations, seed }));
  const culprit = `page type "${plugin.name}"`;
  checkSkips(all, skip);
  return withoutSkipped(all, skip).map((known) => naming(culprit, known));
}

/** How pages of a type come to be, and what cannot be asked of them. */
export interface PageTypeOptions {
  /** A small machine with pages that the plugin claims, made anew for every case. */
  readonly fixture: () => Fixture;
  /** Operations that are compared with a model; 10,000 if absent. */
  readonly operations?: number;
  /** From which they are drawn; 1 if absent. A failure names it. */
  readonly seed?: number;
  /** Cases that do not apply. Each must fail if it is run all the same, or it need not be skipped. */
  readonly skip?: readonly Skip[];
}

function withoutSkipped(all: readonly PageTypeCase[], skip: readonly Skip[]): PageTypeCase[] {
  const isSkipped = ({ name }: PageTypeCase) => skip.some((skipped) => skipped.name === name);
  const skipped = all.filter(isSkipped);
  return [...all.filter((known) => !isSkipped(known)), ...(skipped.length === 0 ? [] : [skipsAreNeeded(skipped)])];
}

/** A skip is a statement too: that the case cannot pass. */
function skipsAreNeeded(skipped: readonly PageTypeCase[]): PageTypeCase {
  return {
    name: `every skip is needed (${skipped.length})`,
    rule: 'skips-are-needed',
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
