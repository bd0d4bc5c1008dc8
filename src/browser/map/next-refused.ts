import { effect, signal } from '@preact/signals';
import type { RefusalName } from '../picture/messages.js';
import { cursor, firstPicture } from '../state.js';
import { visitPage } from './moves.js';

/** True after a search that found none. */
export const foundNone = signal(false);

/**
 * Asks the picture for the page after the cursor that has refused, for one reason if it is named; it is visited when the
 * answer comes.
 */
export function visitNextRefused(why: RefusalName | null = null): void {
  firstPicture.value?.ask({ kind: 'ask-refused', after: cursor.value ?? -1, why });
}

effect(() => {
  const answer = firstPicture.value?.refused.value ?? null;
  if (answer === null) return;
  foundNone.value = answer.pfn === null;
  const { pfn } = answer;
  if (pfn !== null) queueMicrotask(() => visitPage(pfn));
});
