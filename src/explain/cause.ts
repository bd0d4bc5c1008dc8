import { UNMOVABLE_PAGE } from '../kernel-log/index.js';
import type { AttemptCause, AttemptOutcome } from './attempt.js';
import type { AttemptLog } from './attempts.js';
import { RET_NO_MEMORY } from './judge-page.js';
import type { Asked, BlockEvidence } from './knowledge.js';

/** An attempt that names pages for longer than this is not getting on: the kernel's first passes take milliseconds. */
const ENDLESS_SECONDS = 4;

/** What offline_pages says of its end (mm/memory_hotplug.c); shown only where dynamic debug is on. */
const BY_REASON: Readonly<Record<string, AttemptCause>> = {
  'memory holes': 'memory-holes',
  'multizone range': 'several-zones',
  'failure to isolate range': 'isolation-busy',
  'notifier failure': 'vetoed',
  'signal backoff': 'interrupted',
};

export function outcomeOf(log: AttemptLog, asked: Asked): AttemptOutcome {
  if (log.isOffline || asked.isOffline === true) return 'offline';
  if (asked.isInterrupted === true || asked.errno === 'EINTR') return 'did-not-end';
  if (asked.errno != null || asked.isOffline === false) return 'refused';
  if (log.failedBecause !== null) return log.failedBecause === 'signal backoff' ? 'did-not-end' : 'refused';
  if (log.pages.some(({ because }) => because === UNMOVABLE_PAGE)) return 'refused';
  return secondsOf(log) >= ENDLESS_SECONDS || isNamedAgain(log) ? 'did-not-end' : 'unknown';
}

/** Why it ended so: the log's own words, then the pages that it names, then what is known of the block without it. */
export function causeOf(
  outcome: AttemptOutcome,
  log: AttemptLog,
  asked: Asked,
  evidence: BlockEvidence | null,
): AttemptCause {
  if (outcome === 'offline') return 'went';
  const named = log.pages.length > 0;
  if (log.pages.some(({ because }) => because === UNMOVABLE_PAGE)) return 'unmovable-page';
  const told = BY_REASON[log.failedBecause ?? ''];
  if (told !== undefined && (told !== 'interrupted' || !named)) return told;
  if (named) return causeOfFailures(log, outcome);
  if (asked.errno === 'EINTR' || asked.isInterrupted === true) return 'interrupted';
  return evidence === null ? 'unknown' : causeByEvidence(asked.errno ?? null, evidence);
}

function causeOfFailures(log: AttemptLog, outcome: AttemptOutcome): AttemptCause {
  if (log.pages.some(({ ret }) => ret === RET_NO_MEMORY)) return 'no-targets';
  // One pass may fail and the next succeed, and most kernels do not log the end.
  if (outcome === 'unknown') return 'unknown';
  const failing = failingIn(log);
  return failing !== null && failing.last < failing.before ? 'still-moving' : 'same-pages-fail';
}

/** EINVAL comes from the first checks, EBUSY from isolation (offline_pages). */
function causeByEvidence(errno: string | null, evidence: BlockEvidence): AttemptCause {
  if (!evidence.isOnline) return 'not-online';
  if (errno === null || errno === 'EINVAL') {
    if ((evidence.nrMissing ?? 0) > 0) return 'memory-holes';
    if (evidence.zones?.length === 0) return 'several-zones';
  }
  if (errno === null || errno === 'EBUSY') return evidence.unmovable.length > 0 ? 'unmovable-page' : 'unknown';
  return 'unknown';
}

/** How many pages failed in the first pass that the log shows, in the last, and in the one that differs before it. */
export function failingIn(log: AttemptLog): { first: number; before: number; last: number } | null {
  const counts = log.pages.flatMap(({ ret }) => (ret === null || ret <= 0 ? [] : [ret]));
  if (counts.length === 0) return null;
  // Passes come closer than the log can show; one five-second window is one sample.
  const samples = sampled(log);
  const last = samples.at(-1) as number;
  return { first: counts[0] as number, before: samples.at(-2) ?? last, last };
}

/** The smallest number that failed in each burst of messages. */
function sampled(log: AttemptLog): number[] {
  const samples: number[] = [];
  let begun = Number.NEGATIVE_INFINITY;
  for (const { ret, seconds } of log.pages) {
    if (ret === null || ret <= 0) continue;
    if (samples.length === 0 || (seconds ?? 0) - begun > 1) {
      samples.push(ret);
      begun = seconds ?? 0;
    } else samples[samples.length - 1] = Math.min(ret, samples.at(-1) as number);
  }
  return samples;
}

function isNamedAgain(log: AttemptLog): boolean {
  return new Set(log.pages.map(({ pfn }) => pfn)).size < log.pages.length;
}

export function secondsOf({ pages }: AttemptLog): number {
  const times = pages.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
  return times.length === 0 ? 0 : (times.at(-1) as number) - (times[0] as number);
}
