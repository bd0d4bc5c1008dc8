import leven from 'leven';
import { printable, quoted } from './quoted.js';

/** No word of ours is longer, and comparing takes time in proportion to the lengths of both. */
const WORD_MAX = 60;
/** More than so many choices nobody reads. */
const SHOWN_MAX = 24;

/** The word that was probably meant, null if none is near. */
export function nearestTo(written: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Math.max(1, Math.ceil(written.length / 3)) + 1;
  if (written.length > WORD_MAX) return null;
  for (const word of known) {
    if (word.length > 2 * WORD_MAX) continue;
    const distance = leven(written.toLowerCase(), word.toLowerCase());
    if (distance < least) {
      nearest = word;
      least = distance;
    }
  }
  return nearest;
}

/** `did you mean "size"?`, or all that there is to choose from. */
export function suggestion(written: string, known: readonly string[]): string {
  const nearest = nearestTo(written, known);
  if (nearest !== null) return `did you mean ${quoted(nearest)}?`;
  const shown = known.slice(0, SHOWN_MAX).map((word) => printable(word).slice(0, WORD_MAX));
  const more = known.length - shown.length;
  return `known are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
