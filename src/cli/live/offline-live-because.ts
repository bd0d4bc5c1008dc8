import type { BlockAttempt } from '../../linux/hotplug/empty-block.js';
import type { Stall } from '../../linux/hotplug/stall-watch.js';
import { countOf, formatCount } from '../wording.js';

/** What an errno of `state` means (drivers/base/memory.c, mm/memory_hotplug.c). */
const ERRORS: Readonly<Record<string, string>> = {
  EBUSY: 'the kernel refuses: it cannot isolate a page of the block, or a driver objects',
  EINVAL: 'the kernel refuses: the block has holes, lies in several zones, or cannot go offline at all',
  EAGAIN: 'the kernel could not move its pages for now; try again',
  EINTR: 'the process that wrote was ended by somebody else',
  ENOMEM: 'the kernel has too little memory for the work itself',
  EPERM: 'the kernel does not allow it, even to root',
  EACCES: 'it takes root',
  ENODEV: 'this kernel cannot take memory offline',
  ENOENT: 'the block is gone',
  ENOTDONE: 'the kernel says that it did it, yet the block is online',
};

export interface Limits {
  readonly timeoutMs: number | null;
  readonly stallMs: number;
}

/** Why a block did not go, in a sentence; null if it went. */
export function attemptBecause(attempt: BlockAttempt, limits: Limits): string | null {
  const { obstacle, error, stall, isPending } = attempt;
  const problem = attempt.problem?.replace(/\.$/, '') ?? null;
  if (obstacle === null) return problem;
  const told = problem ?? whyNot(attempt, limits);
  const pending = isPending ? '; the kernel has not let go of it yet' : '';
  return obstacle === 'refused' || stall === null
    ? (problem ?? ERRORS[error ?? ''] ?? `the kernel refuses (${error})`)
    : `${told}${pending}`;
}

function whyNot({ obstacle, stall }: BlockAttempt, { timeoutMs, stallMs }: Limits): string {
  const where = stall === null ? '' : standing(stall);
  if (obstacle === 'interrupted') return `stopped by you${where === '' ? '' : ` when ${where}`}`;
  if (obstacle === 'timeout') return `time was up after ${seconds(timeoutMs ?? 0)}: ${where}`;
  return `stalled: no page has left for ${seconds(stallMs)}, ${where}`;
}

/** How far it was, and what kept it. */
function standing({ cause, now, since, targetRoom }: Stall): string {
  const left = now.pages === null ? 'pages' : countOf(now.pages, 'page');
  const failures = (now.failed ?? 0) - (since.failed ?? 0);
  switch (cause) {
    case 'out-of-targets':
      return `${left} had to move and only ${formatCount(targetRoom ?? 0)} could be taken elsewhere (out of targets)`;
    case 'same-pages':
      return `the same ${left} failed in each pass (${formatCount(failures)} failures)`;
    case 'other-pages':
      return `${left} stayed, not always the same (${formatCount(failures)} failures)`;
    case 'not-trying':
      return `${left} stayed, and the kernel was not trying to move any: it waits for a lock or a driver`;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
