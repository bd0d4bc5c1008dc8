import { VacateError } from '../../base/vacate-error.js';
import type { BlockId } from '../../mm/units.js';
import type { RunLog } from '../journal/journal.js';
import type { JournalRecord, StateBefore } from '../journal/journal-record.js';
import { blockPath } from '../sysfs-memory.js';
import type { BlockStates, Clock } from './block-states.js';

/** One write to sysfs, for reports. */
export interface StateWrite {
  readonly path: string;
  readonly word: string;
  /** The errno by name; null if the kernel did it. */
  readonly error: string | null;
  readonly seconds: number;
}

export interface WriteOrder {
  readonly word: string;
  /** Null for a file that belongs to no block, which `path` names. */
  readonly block: BlockId | null;
  readonly path?: string;
  readonly before: StateBefore | null;
  /** True for what undoes: a journal that cannot be written must not keep memory offline. */
  readonly evenUnnoted?: boolean;
  /**
   * What is to be noted of a write that has ended: its errno, unless the state tells otherwise. A write that was ended
   * in the last moment may have been done all the same.
   */
  readonly outcome?: (error: string | null) => string | null;
}

/** Does writes, each of them noted before and after: the first note is on disk when the kernel hears of it. */
export class StateWriter {
  readonly writes: StateWrite[] = [];
  /** Why something could not be noted. */
  problem: string | null = null;

  constructor(
    readonly states: BlockStates,
    private readonly log: RunLog,
    private readonly run: string,
    private readonly clock: Clock,
    private nrWrites = 0,
  ) {}

  /**
   * Resolves with what was noted of it.
   *
   * @throws VacateError kind 'host' if it could not be noted, or nobody could be found to do it; then nothing was written.
   */
  async write({ word, block, before, outcome, evenUnnoted = false, ...named }: WriteOrder): Promise<string | null> {
    const path = named.path ?? `${blockPath(block ?? 0)}/state`;
    const nr = ++this.nrWrites;
    const writer = await this.states.writer();
    this.#note({ kind: 'write', run: this.run, nr, path, word, block, before, writer }, evenUnnoted);
    const begun = this.clock.now();
    const end = await (block === null ? this.states.writeFile(path, word) : this.states.write(block, word));
    const error = outcome === undefined ? end.error : outcome(end.error);
    this.writes.push({ path, word, error, seconds: (this.clock.now() - begun) / 1000 });
    this.#note({ kind: 'wrote', run: this.run, nr, error }, true);
    return error;
  }

  /** Nothing of the run is left to be undone. */
  end(outcome: string): void {
    this.#note({ kind: 'end', run: this.run, outcome }, true);
  }

  #note(record: JournalRecord, mayFail: boolean): void {
    try {
      this.log.append(record);
    } catch (error) {
      if (!mayFail || !VacateError.is(error)) throw error;
      this.problem = error.message;
    }
  }
}
