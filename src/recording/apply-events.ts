import { codeOf, WORDS_PER_EVENT } from '../events/page-events.js';
import { STATE_ARRIVED, STATE_REFUSED } from '../picture/page-bytes.js';
import { KIND_FREE } from '../picture/page-kinds.js';

/** Bytes that an event overwrites, kept to go back: its source's, its target's. */
export const UNDO_BYTES_PER_EVENT = 2;

const KIND = 0x0f;

/**
 * What the events [from, to) do to page bytes; recorder and replay do the same, so that both come to the same pages. A
 * page that moved leaves a free page behind and stands at its target, arrived; one that refused stands where it stood.
 * If it is not known what moved (the page was not in use when pages were last read), the target knows.
 *
 * @returns true if the target of one does not know either: what is shown of it is not a page in use.
 * @param undo gets what was there before, UNDO_BYTES_PER_EVENT for each event of `words`; null if nobody goes back.
 */
export function applyPageEvents(
  pages: Uint8Array,
  words: Uint32Array,
  from: number,
  to: number,
  undo: Uint8Array | null,
): boolean {
  const end = to * WORDS_PER_EVENT;
  let hasStrangers = false;
  for (let at = from * WORDS_PER_EVENT, kept = from * UNDO_BYTES_PER_EVENT; at < end; at += WORDS_PER_EVENT) {
    const source = words[at]!;
    const before = pages[source]!;
    const kind = before & KIND;
    const moved = codeOf(words[at + 2]!) === 0;
    const target = moved ? words[at + 1]! : source;
    const there = pages[target]!;
    if (undo !== null) {
      undo[kept] = before;
      undo[kept + 1] = there;
      kept += UNDO_BYTES_PER_EVENT;
    }
    if (moved) {
      pages[source] = KIND_FREE;
      const arrived = kind > KIND_FREE ? kind : there & KIND;
      pages[target] = (STATE_ARRIVED << 4) | arrived;
      if (arrived <= KIND_FREE) hasStrangers = true;
    } else if (kind > KIND_FREE) pages[source] = (STATE_REFUSED << 4) | kind;
  }
  return hasStrangers;
}

/** Takes back the events [from, to), the last one first. */
export function undoPageEvents(
  pages: Uint8Array,
  words: Uint32Array,
  from: number,
  to: number,
  undo: Uint8Array,
): void {
  for (let event = to - 1; event >= from; event--) {
    const at = event * WORDS_PER_EVENT;
    const source = words[at]!;
    if (codeOf(words[at + 2]!) === 0) pages[words[at + 1]!] = undo[event * UNDO_BYTES_PER_EVENT + 1]!;
    pages[source] = undo[event * UNDO_BYTES_PER_EVENT]!;
  }
}
