import { VacateError } from '../../base/vacate-error.js';
import { BLOCK_ONLINE } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import type { BlockStates, Clock } from './block-states.js';
import type { StateWord } from './state-words.js';
import type { StateWriter } from './state-writer.js';

export interface OnlineRunTask {
  /** Offline blocks in the order in which they are to come, and the word for each. */
  readonly blocks: ReadonlyArray<{ readonly block: BlockId; readonly word: StateWord }>;
  readonly states: BlockStates;
  readonly writer: StateWriter;
  readonly clock: Clock;
  readonly interrupted: () => boolean;
  /** Told how each attempt ended, when it has. */
  readonly onAttempt?: ((attempt: OnlineAttempt) => void) | undefined;
  /** Told before each block how many are done. */
  readonly onBlock?: ((done: number, total: number) => void) | undefined;
}

const LOOK_MS = 100;
const NO_END = 'the kernel does not let go of the write';

export interface OnlineAttempt {
  readonly block: BlockId;
  readonly word: StateWord;
  /** The errno by name; null if it is online. */
  readonly error: string | null;
  /** What else went wrong, as a sentence. */
  readonly problem: string | null;
}

/** Brings blocks online. One that does not come keeps no other away: more memory than before harms nobody. */
export async function runOnline(task: OnlineRunTask): Promise<OnlineAttempt[]> {
  const { blocks, states, writer, clock, interrupted } = task;
  const attempts: OnlineAttempt[] = [];
  const isOnline = (block: BlockId) => states.read(block)?.state === BLOCK_ONLINE;
  for (const { block, word } of blocks) {
    if (interrupted()) break;
    task.onBlock?.(attempts.length, blocks.length);
    try {
      const writing = writer.write({
        word,
        block,
        before: { state: 'offline', zone: null },
        outcome: (errno) => (isOnline(block) ? null : (errno ?? 'ENOTDONE')),
      });
      while (!(await clock.within(LOOK_MS, writing)))
        if (interrupted() && !(await states.interrupt())) throw new VacateError('host', NO_END);
      attempts.push({ block, word, error: await writing, problem: null });
      task.onAttempt?.(attempts.at(-1)!);
    } catch (cause) {
      if (!VacateError.is(cause)) throw cause;
      attempts.push({ block, word, error: null, problem: cause.message });
      task.onAttempt?.(attempts.at(-1)!);
      break;
    }
  }
  writer.end(interrupted() ? 'interrupted' : 'done');
  return attempts;
}
