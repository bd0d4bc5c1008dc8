import type { BlockId } from '../mm/units.js';
import type { LintFacts, Need } from './facts.js';

/** `problem`: memory that one wants to remove will not go. `warning`: it may not. `note`: worth knowing. */
export type Severity = 'problem' | 'warning' | 'note';

/** When a change begins to matter. */
export type Effect = 'at once' | 'for memory that is plugged in from then on' | 'at the next boot';

/** What to do about a finding. */
export interface Change {
  /** A sentence. */
  readonly what: string;
  /** The exact command, or the boot parameter. Null if there is none. */
  readonly command: string | null;
  readonly effect: Effect | null;
}

/** One thing to change, and what it would otherwise cost. */
export interface Finding {
  /** Stable name for scripts, kebab-case. */
  readonly id: string;
  readonly severity: Severity;
  /** What was seen: a sentence. */
  readonly seen: string;
  /** Why it matters: a sentence. */
  readonly why: string;
  readonly change: readonly Change[];
  /** Memory blocks that it is about; empty if it is about the host. */
  readonly blocks: readonly BlockId[];
}

export interface LintRule {
  /** What it looks at, for the list of what could not be checked. */
  readonly about: string;
  /** Without all of these it cannot tell. */
  readonly needs: readonly Need[];
  check(facts: LintFacts): readonly Finding[];
}
