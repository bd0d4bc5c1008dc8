import { getPage, type PageAnswer } from '../server.js';

/** Pages that were asked about lately; a machine on which nothing runs does not change. */
const KEPT_MAX = 500;
const kept = new Map<number, PageAnswer>();

/** What the server knows of a page; null if it does not say. */
export async function answerFor(pfn: number): Promise<PageAnswer | null> {
  const known = kept.get(pfn);
  if (known !== undefined) return known;
  const answer = await getPage(pfn);
  if (!answer.ok) return null;
  if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value!);
  kept.set(pfn, answer.value);
  return answer.value;
}
