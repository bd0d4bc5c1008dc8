import { codeOf, handlerOf, type Outcome, WORDS_PER_EVENT } from '../events/page-events.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import type { RecordedHandler, RecordingHeader } from './records.js';
import { type Item, lastAtMost, type Timeline } from './timeline.js';
import { unpackPageEvents } from './unpack-events.js';

/** Why a page did not go, as its handler says it. */
export interface PageRefusal {
  readonly handler: string;
  readonly reason: string;
  readonly kind: 'retry' | 'permanent';
  readonly because: string;
}

/** What became of a page in one event. */
export interface PageMoment {
  /** Its number in the run, from 1. */
  readonly event: number;
  /** Milliseconds since the run began, about. */
  readonly ms: number;
  readonly source: Pfn;
  /** Where it went; null if it had no target when it was refused. */
  readonly target: Pfn | null;
  /** Name of the handler that moved or refused it. */
  readonly handler: string;
  /** Null if it moved. */
  readonly refusal: PageRefusal | null;
}

/** The page event of that number, from 1; null if there is none. */
export function pageMomentOf(timeline: Timeline, header: RecordingHeader, event: number): PageMoment | null {
  const batch = timeline.batches[lastAtMost(timeline.batches, event - 1, (item) => item.event)];
  if (batch === undefined || event > batch.event + batch.nrEvents) return null;
  const words = unpackPageEvents(batch.payload, header.machine.nrPfns);
  return momentOf(timeline, header, batch, words, event - batch.event - 1);
}

/** Each event that has the page as its source or its target, in order, `most` at most. */
export function eventsOfPage(timeline: Timeline, header: RecordingHeader, pfn: Pfn, most: number): PageMoment[] {
  const found: PageMoment[] = [];
  for (const batch of timeline.batches) {
    const words = unpackPageEvents(batch.payload, header.machine.nrPfns);
    for (let at = 0; at < words.length && found.length < most; at += WORDS_PER_EVENT)
      if (words[at] === pfn || words[at + 1] === pfn)
        found.push(momentOf(timeline, header, batch, words, at / WORDS_PER_EVENT));
  }
  return found;
}

/** Pages whose last event among the first `nrEvents` of the run is a refusal for this reason. */
export function pagesRefused(
  timeline: Timeline,
  { machine, outcomes }: RecordingHeader,
  { handler, reason }: Pick<PageRefusal, 'handler' | 'reason'>,
  nrEvents: number,
): Set<Pfn> {
  const wanted = (outcome: Outcome): boolean => {
    const text = codeOf(outcome) === 0 ? null : outcomeText(outcomes, outcome);
    return text !== null && text.handler === handler && text.reason === reason;
  };
  const found = new Set<Pfn>();
  for (const batch of timeline.batches) {
    if (batch.event >= nrEvents) break;
    const words = unpackPageEvents(batch.payload, machine.nrPfns);
    const end = Math.min(batch.nrEvents, nrEvents - batch.event) * WORDS_PER_EVENT;
    let [known, isWanted] = [-1, false];
    for (let at = 0; at < end; at += WORDS_PER_EVENT) {
      const outcome = words[at + 2]!;
      if (outcome !== known) [known, isWanted] = [outcome, wanted(outcome)];
      if (isWanted) found.add(words[at]!);
      else if (found.size > 0) {
        found.delete(words[at]!);
        if (codeOf(outcome) === 0) found.delete(words[at + 1]!);
      }
    }
  }
  return found;
}

function momentOf(
  timeline: Timeline,
  { outcomes }: RecordingHeader,
  batch: Item,
  words: Uint32Array,
  at: number,
): PageMoment {
  const [source, target, outcome] = words.subarray(at * WORDS_PER_EVENT) as unknown as [Pfn, Pfn, Outcome];
  return {
    event: batch.event + at + 1,
    ms: timeline.timeAt(batch.moment + at + 1),
    source,
    target: target === NO_PAGE ? null : target,
    handler: nameOf(outcomes, outcome),
    refusal: codeOf(outcome) === 0 ? null : outcomeText(outcomes, outcome),
  };
}

/** A refusal in words; one that the header does not have is told by its numbers. */
export function outcomeText(outcomes: readonly RecordedHandler[], outcome: Outcome): PageRefusal {
  const refusal = outcomes[handlerOf(outcome)]?.refusals[codeOf(outcome)] ?? null;
  const handler = nameOf(outcomes, outcome);
  if (refusal === null)
    return {
      handler,
      reason: `code-${codeOf(outcome)}`,
      kind: 'permanent',
      because: 'the recording has no words for it',
    };
  const { id, kind, because } = refusal;
  return { handler, reason: id, kind, because };
}

function nameOf(outcomes: readonly RecordedHandler[], outcome: Outcome): string {
  return outcomes[handlerOf(outcome)]?.name ?? `handler-${handlerOf(outcome)}`;
}
