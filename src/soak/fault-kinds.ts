import { suggestion } from '../base/nearest.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/** What goes wrong in a soak on purpose. */
export const FAULT_KINDS = [
  'no-target',
  'still-mapped',
  'page-locked',
  'writeback-stalls',
  'swap-full',
  'handler-throws',
  'handler-garbage',
  'listener-throws',
  'listener-blocks',
  'job-aborted',
  'thread-killed',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * The kinds that a list names: "all", "none", or names with commas between them.
 *
 * @throws VacateError kind 'usage' that names the nearest one that there is.
 */
export function parseFaultKinds(text: string): FaultKind[] {
  if (text === 'all') return [...FAULT_KINDS];
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((each) => each === name.trim());
    if (kind !== undefined) return kind;
    const known = ['all', 'none', ...FAULT_KINDS];
    throw new VacateError('usage', `there is no fault ${quoted(name.trim())}; ${suggestion(name.trim(), known)}`);
  });
}
