/** One of several things to do. */
export interface Piece {
  /** How long it takes beside the others, in whatever unit. */
  readonly weight: number;
  /** Does it; must not reject. */
  run(): Promise<void>;
}

/**
 * Does all pieces, so many at a time, the longest first: then no thread is left with a long one at the end. Nothing may
 * depend on the order.
 */
export async function atATime(nrThreads: number, pieces: readonly Piece[]): Promise<void> {
  const waiting = [...pieces].sort((a, b) => b.weight - a.weight);
  const thread = async () => {
    for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) await piece.run();
  };
  await Promise.all(Array.from({ length: Math.min(nrThreads, pieces.length) }, thread));
}
