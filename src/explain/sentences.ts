import type { AttemptCause, AttemptOutcome, PageGroup } from './attempt.js';
import type { AttemptLog } from './attempts.js';
import { secondsOf } from './cause.js';
import type { Asked, BlockEvidence } from './knowledge.js';

/** What is known of an attempt when it is put into words. */
export interface Known {
  readonly log: AttemptLog;
  readonly asked: Asked;
  readonly evidence: BlockEvidence | null;
  readonly outcome: AttemptOutcome;
  readonly because: AttemptCause;
  readonly groups: readonly PageGroup[];
  readonly failing: { readonly first: number; readonly last: number } | null;
}

/** Why an attempt ended as it did, in whole sentences. */
export function sentencesOf(known: Known): string {
  return SENTENCES[known.because](known);
}

const SENTENCES: Readonly<Record<AttemptCause, (known: Known) => string>> = {
  'unmovable-page': ({ log }) =>
    log.pages.length > 0
      ? 'Refused at once: the block has a page that never moves, and the kernel stops at the first that it finds. ' +
        'There may be more.'
      : 'Refused at once. The kernel named no page; these are the ones in the capture that never move.',
  'same-pages-fail': (known) =>
    `${began(known)} ${isOne(known) ? 'one page' : 'the same pages'} failed in every pass. ${howMany(known)}`,
  'still-moving': ({ failing }) =>
    `Every pass moved some pages: ${count(failing?.first ?? 0)} failed in the first that the log shows, ` +
    `${count(failing?.last ?? 0)} in the last. More time would have got further.`,
  'no-targets': () =>
    'Pages had nowhere to go: there was no free page outside the block (ret:-12, ENOMEM). The kernel goes on trying.',
  'memory-holes': ({ evidence }) =>
    evidence?.nrMissing == null
      ? 'Refused at once: the block has holes, pages that are no System RAM, and such a block never goes offline.'
      : `Refused at once: ${count(evidence.nrMissing)} of its pages are no System RAM, and a block with holes never ` +
        'goes offline.',
  'several-zones': () => 'Refused at once: the block lies in more than one zone or node, so it never goes offline.',
  'isolation-busy': () =>
    'The block could not be isolated: another task had isolated a part of it, such as compaction or another attempt.',
  vetoed: () => 'A driver refused to let the block go (memory notifier).',
  interrupted: ({ evidence }) =>
    'It went on until it was interrupted, and the kernel named no page. Most likely there was nowhere to move pages to, ' +
    `or its messages are lost.${evidence === null ? '' : ' The forecast of the block says what in it is in the way.'}`,
  'not-online': () => 'The block was not online: there was nothing to take offline.',
  went: ({ log }) =>
    log.pages.length === 0
      ? 'It went offline.'
      : 'It went offline. Pages that failed in its first passes went in later ones.',
  unknown: (known) =>
    known.log.pages.length > 0
      ? `Pages failed in one pass, and the log does not show whether a later one took them. ${howMany(known)}`
      : unknownSentence(known.asked, known.outcome),
};

function began({ outcome, log }: Known): string {
  const seconds = Math.round(secondsOf(log));
  if (outcome !== 'did-not-end') return 'It did not go:';
  return seconds > 0 ? `It did not end: for ${seconds} s` : 'It did not end:';
}

function isOne({ failing }: Known): boolean {
  return failing?.last === 1;
}

function howMany({ failing, log }: Known): string {
  const named = new Set(log.pages.map(({ pfn }) => pfn)).size;
  if (failing === null) return `The log names ${count(named)} of them.`;
  if (failing.last <= named) return named === 1 ? 'It is the one that the log names.' : 'The log names all of them.';
  return (
    `${count(failing.last)} failed in the last one; the log names ${count(named)} ` +
    '(the kernel names at most ten in five seconds).'
  );
}

function unknownSentence({ errno }: Asked, outcome: AttemptOutcome): string {
  if (errno === 'EBUSY') {
    return (
      'Refused with EBUSY, and the kernel named no page. Another task had isolated a part of the block, a driver said ' +
      'no, or a page that never moves came after the capture was taken.'
    );
  }
  if (errno !== null && errno !== undefined) return `Refused with ${errno}, and the kernel said no more.`;
  return outcome === 'refused' ? 'Refused; the kernel said no more.' : 'The log does not show how it ended.';
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
