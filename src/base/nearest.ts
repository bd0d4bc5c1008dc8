import leven from 'leven';

/** The word that was probably meant, null if none is near. */
export function nearestTo(written: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Math.max(1, Math.ceil(written.length / 3)) + 1;
  for (const word of known) {
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
  return nearest === null ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`;
}
