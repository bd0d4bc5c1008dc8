import type { Replay } from '../../recording/replay.js';

/** What a key asks for that is not a step. */
export type Wish = 'quit' | 'play' | 'ask';

const STEPS: Readonly<Record<string, (replay: Replay) => void>> = {
  '\u001b[C': (replay) => replay.stepBatch(1),
  '\u001b[D': (replay) => replay.stepBatch(-1),
  '.': (replay) => replay.stepEvents(1),
  ',': (replay) => replay.stepEvents(-1),
  '\u001b[6~': (replay) => replay.stepRangeEvent(1),
  '\u001b[5~': (replay) => replay.stepRangeEvent(-1),
  '\u001b[H': (replay) => replay.seek(0),
  '\u001b[1~': (replay) => replay.seek(0),
  '\u001b[F': (replay) => replay.seekFraction(1),
  '\u001b[4~': (replay) => replay.seekFraction(1),
};

const WISHES: Readonly<Record<string, Wish>> = {
  q: 'quit',
  Q: 'quit',
  '\u0003': 'quit',
  '\u0004': 'quit',
  ' ': 'play',
  g: 'ask',
};

/** A sequence as terminals send for a key that has no character, or one character. */
const KEY = new RegExp(`${String.fromCharCode(27)}[[O][\\d;]*[A-Za-z~]|[\\s\\S]`, 'gu');

/** Keys of what a terminal sent at once: whoever is busy, or holds a key down, finds several in one piece. */
export function keysOf(piece: string): readonly string[] {
  return piece.match(KEY) ?? [];
}

/** Does what a key stands for, as terminals send it; returns what the player has to do itself. */
export function act(replay: Replay, key: string): Wish | null {
  STEPS[key]?.(replay);
  return WISHES[key] ?? null;
}
