import { BOOT_RULES } from './boot-rules.js';
import { isKnown, type LintFacts, type Need } from './facts.js';
import type { Finding, LintRule, Severity } from './finding.js';
import { PAGE_RULES } from './page-rules.js';
import { POLICY_RULES } from './policy-rules.js';
import { ZONE_RULES } from './zone-rules.js';

export const LINT_RULES: readonly LintRule[] = [...ZONE_RULES, ...PAGE_RULES, ...POLICY_RULES, ...BOOT_RULES];

/** Something that was not looked at, because what it takes is not known. */
export interface Unknown {
  /** What is missing, in a few words: "pages", "/proc/cmdline". */
  readonly missing: readonly string[];
  /** What could therefore not be checked. */
  readonly about: string;
}

/** What the rules found, and what they could not look at. */
export interface LintReport {
  /** The gravest first. */
  readonly findings: readonly Finding[];
  readonly unknown: readonly Unknown[];
}

const ORDER: readonly Severity[] = ['problem', 'warning', 'note'];

const NEED_NAMES: Readonly<Partial<Record<Need, string>>> = {
  blocks: 'memory blocks',
  dimms: 'which blocks make a DIMM',
  systemRam: 'addresses of System RAM (iomem)',
  countsOf: 'page flags (kpageflags)',
  memory: 'meminfo',
};

/**
 * What stands in the way of removing memory from this host one day, and what to change, before it is needed. Rules are
 * asked only if all is known that they need; what is not is said, never guessed.
 *
 * @example
 * const block: BlockFacts = { block: 8, isOnline: true, isRemovable: true, zones: ['Movable'] };
 * const dimm: DimmFacts = { name: 'dimm0', blocks: [8] };
 * const facts: LintFacts = {
 *   kernel: '6.12', settings: Settings.parse('/sys/module/memory_hotplug/parameters/online_policy contig-zones'),
 *   blockPages: 32_768, blocks: [block], dimms: [dimm], areDimmsGuessed: false,
 *   zones: null, memory: null, systemRam: null, countsOf: null, wanted: { blocks: [8], pages: null, isNamed: true },
 * };
 * const { findings }: LintReport = lint(facts);
 * const lines = findings.map(({ id, seen, why }: Finding) => `${id}: ${seen}; ${why}`);
 */
export function lint(facts: LintFacts): LintReport {
  const findings: Finding[] = [];
  const unknown: Unknown[] = [];
  for (const rule of LINT_RULES) {
    const missing = rule.needs.filter((need) => !isKnown(facts, need));
    if (missing.length === 0) findings.push(...rule.check(facts));
    else unknown.push({ missing: missing.map((need) => NEED_NAMES[need] ?? need), about: rule.about });
  }
  findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return { findings, unknown };
}
