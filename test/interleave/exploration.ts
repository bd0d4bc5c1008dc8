/** Before verb number `at`, the others take step `step`. */
export interface Choice {
  readonly at: number;
  readonly step: number;
}

export interface FoundViolation {
  readonly because: string;
  readonly choices: readonly Choice[];
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly paths: number;
  /** Different states in which a path may end. */
  readonly ends: number;
  readonly violations: readonly FoundViolation[];
}

export interface ExploreOptions {
  /** False: steps that can change places without any difference are taken in both orders all the same. */
  readonly reduction?: boolean;
  /** So many violations are enough. */
  readonly most?: number;
}
