import type { PageType } from '../../handler/define-page-type.js';
import { checkSkips, naming, type Skip, turnedRound } from '../conformance.js';
import { SHIPPED_PAGE_TYPES } from '../shipped.js';
import { blockRules } from './block-rules.js';
import type { HostCase, OpenHost } from './host-world.js';
import { movingRules } from './moving-rules.js';
import { readingRules } from './reading-rules.js';

/**
 * What every `MemoryHost` must do, as cases for whatever runs tests; each case gets a new host. A case that a host cannot
 * be asked is not dropped but turned round: its name says why, and it passes if the case fails, so that no skip outlives
 * its reason.
 *
 * @example
 * const open: OpenHost = (): HostWorld => simulatedWorld(smallMachine());
 * const options: HostOptions = { open, pageTypes: plugins };
 * const cases: HostCase[] = hostConformance(options);
 * const rules: HostRule[] = cases.map(({ rule }) => rule);
 * rules.every((rule) => HOST_RULES[rule] !== undefined); // true
 */
export function hostConformance({ open, pageTypes = SHIPPED_PAGE_TYPES, skip = [] }: HostOptions): HostCase[] {
  const all = [...readingRules(open, pageTypes), ...blockRules(open), ...movingRules(open, pageTypes)];
  checkSkips(all, skip);
  return all.map((known) => {
    const skipped = skip.find(({ name }) => name === known.name);
    return naming('the host', skipped === undefined ? known : turnedRound(known, skipped.because));
  });
}

/** A host to be tested. */
export interface HostOptions {
  /** A host at rest, made anew for every case. */
  readonly open: OpenHost;
  /** Asked to judge pages and to move them; the shipped ones if absent. */
  readonly pageTypes?: readonly PageType[];
  /** Cases that do not apply. Each must fail if it is run all the same. */
  readonly skip?: readonly Skip[];
}
