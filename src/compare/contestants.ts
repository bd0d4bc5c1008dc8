import type { FrontEndKey, StrategyLabels } from './evacuator-port.js';
import type { CompareJob } from './job.js';

/** The row of a job of requests in which nobody helps: what the allocator does alone. */
export const NOBODY = 'none';

/** Front ends whose strategies can help with a job; the first that knows a strategy runs it. */
export const FRONT_ENDS_FOR: Readonly<Record<CompareJob['kind'], readonly FrontEndKey[]>> = {
  'high-order': ['highOrder'],
  offline: ['offline'],
  requests: ['reclaim', 'highOrder'],
};

/**
 * Who competes for a job, each once. `asked` are the labels that the user named, by front end; a strategy of another
 * front end has no row.
 */
export function contestantsFor(kind: CompareJob['kind'], asked: StrategyLabels): readonly string[] {
  const labels = new Set(FRONT_ENDS_FOR[kind].flatMap((frontEnd) => asked[frontEnd]));
  return kind === 'requests' && labels.size > 0 ? [NOBODY, ...labels] : [...labels];
}

/**
 * The front end through which a strategy helps with a job. One that has both makes a block at once for a request that may
 * wait, and works ahead for those that may not.
 */
export function frontEndOf(job: CompareJob, asked: StrategyLabels, label: string): FrontEndKey {
  const frontEnds = FRONT_ENDS_FOR[job.kind];
  const inOrder = job.kind === 'requests' && job.wait ? [...frontEnds].reverse() : frontEnds;
  return inOrder.find((frontEnd) => asked[frontEnd].includes(label)) as FrontEndKey;
}
