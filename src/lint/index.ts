export type { BlockFacts, DimmFacts, LintFacts, MemoryFacts, ZoneFacts } from './facts.js';
export type { Change, Finding, LintRule, Severity } from './finding.js';
export { LINT_RULES, type LintReport, lint, type Unknown } from './lint.js';
export { countPages, type PageCounts } from './page-counts.js';
export { Settings } from './settings.js';
