import { type LogRecord, readKernelEvents } from '../kernel-log/index.js';
import type { AttemptExplanation, PageGroup } from './attempt.js';
import { type AttemptLog, onlyAttempt, splitIntoAttempts } from './attempts.js';
import { causeOf, failingIn, outcomeOf } from './cause.js';
import { explainPages, groupPages } from './explain-page.js';
import { type Asked, type BlockEvidence, type Knowledge, USUAL_BLOCK_PAGES } from './knowledge.js';
import { sentencesOf } from './sentences.js';
import { VERDICTS } from './verdicts.js';

/**
 * Every attempt to take memory offline of which a log tells, in its order.
 *
 * @example
 * for (const attempt of explainLog(parseKernelLog(text))) console.log(attempt.explanation);
 */
export function explainLog(records: readonly LogRecord[], knowledge: Knowledge = {}): AttemptExplanation[] {
  const blockPages = knowledge.blockPages ?? USUAL_BLOCK_PAGES;
  return splitIntoAttempts(readKernelEvents(records), blockPages).map((log) => explain(log, {}, knowledge));
}

/**
 * One attempt, of which more is known than the log says: `records` are those since it began.
 *
 * @example
 * const asked = { block: 32, errno: 'EBUSY' } as const;
 * const { explanation } = explainAttempt(parseKernelLog(text), asked, { blockPages: 32_768 });
 * console.log(explanation);
 */
export function explainAttempt(
  records: readonly LogRecord[],
  asked: Asked,
  knowledge: Knowledge = {},
): AttemptExplanation {
  const blockPages = knowledge.blockPages ?? USUAL_BLOCK_PAGES;
  return explain(onlyAttempt(readKernelEvents(records), asked.block ?? null, blockPages), asked, knowledge);
}

function explain(log: AttemptLog, asked: Asked, knowledge: Knowledge): AttemptExplanation {
  const blockPages = knowledge.blockPages ?? USUAL_BLOCK_PAGES;
  const evidence = log.block === null ? null : (knowledge.evidenceOf?.(log.block) ?? null);
  const outcome = outcomeOf(log, asked);
  const because = causeOf(outcome, log, asked, evidence);
  const pages = explainPages(log.pages, knowledge, evidence?.zones ?? null);
  const groups = pages.length > 0 ? groupPages(pages) : groupsOfEvidence(because, evidence);
  const failing = failingIn(log);
  const times = log.pages.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
  const known = { log, asked, evidence, outcome, because, groups, failing };
  return {
    blocks: log.block === null ? [] : [log.block],
    range: log.block === null ? null : { start: log.block * blockPages, end: (log.block + 1) * blockPages },
    outcome,
    errno: asked.errno ?? null,
    because,
    explanation: sentencesOf(known),
    waitingHelps: waitingHelpsAll(groups, because),
    failing: failing === null ? null : { first: failing.first, last: failing.last },
    pages,
    groups,
    suppressed: log.suppressed,
    firstSeconds: times[0] ?? null,
    lastSeconds: times.at(-1) ?? null,
  };
}

/** Without a log the pages that refuse at sight are those that the capture shows. */
function groupsOfEvidence(because: string, evidence: BlockEvidence | null): PageGroup[] {
  if (because !== 'unmovable-page' || evidence === null) return [];
  return evidence.unmovable.map(({ reason, because: what, pages, pfns }) => {
    const verdict = reason === 'reserved' ? 'reserved' : 'kernel';
    return {
      verdict,
      type: verdict,
      likelyHolder: what,
      waitingHelps: false,
      advice: VERDICTS[verdict].advice,
      pages,
      pfns,
      refcount: null,
      expected: null,
      unexplained: null,
    };
  });
}

/** Waiting helps if it does for all of them, and does not if it does not for one. */
function waitingHelpsAll(groups: readonly PageGroup[], because: string): boolean | null {
  if (because === 'memory-holes' || because === 'several-zones') return false;
  if (groups.length === 0) return because === 'isolation-busy' ? true : null;
  if (groups.some((group) => group.waitingHelps === false)) return false;
  return groups.every((group) => group.waitingHelps === true) ? true : null;
}
