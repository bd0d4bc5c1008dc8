import { effect, signal } from '@preact/signals';
import { cursor, firstPicture } from '../state.js';
import { visitPage } from './moves.js';

/** True after a search that found none. */
export const foundNone = signal(false);

/** Asks the picture for the page after the cursor that has refused; it is visited when the answer comes. */
export function visitNextRefused(): void {
  firstPicture.value?.ask({ kind: 'ask-refused', after: cursor.value ?? -1 });
}

effect(() => {
  const answer = firstPicture.value?.refused.value ?? null;
  if (answer === null) return;
  foundNone.value = answer.pfn === null;
  const { pfn } = answer;
  if (pfn !== null) queueMicrotask(() => visitPage(pfn));
});
