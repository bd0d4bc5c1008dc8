import type { Pfn } from '../mm/units.js';

/** A word that does not read what was written to it: the one thing that must never happen. */
export interface WrongWord {
  /** In whose memory, in words: "process 12 of thread 0", "shared memory". */
  readonly whose: string;
  /** Process that read it, 0 if it was read otherwise. */
  readonly mm: number;
  /** Virtual page, or page of a file. */
  readonly page: number;
  readonly word: number;
  readonly expected: number;
  readonly found: number;
  /** Where the page stood when the word was found out; null if it stood nowhere. */
  readonly frame: Pfn | null;
}

/** Thrown by whoever finds one. */
export class FoundWrong extends Error {
  override readonly name = 'FoundWrong';

  constructor(readonly wrong: WrongWord) {
    super(`${wrong.whose}, page ${wrong.page}, word ${wrong.word}`);
  }
}

/** Thrown when invariants of the machine do not hold while everybody stands still. */
export class FoundBroken extends Error {
  override readonly name = 'FoundBroken';

  constructor(readonly broken: readonly string[]) {
    super(broken[0]);
  }
}
