import type { Evacuator } from '../../container/create-evacuator.js';
import type { PageEvents } from '../../events/page-events.js';
import type { RangeEvents } from '../../events/range-events.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { plainTables, type RefusalTable } from '../../recording/plain-tables.js';
import { type RecordedHost, Recorder, type RecorderOptions, type RunFacts } from '../../recording/recorder.js';
import type { Context } from '../context.js';
import { version } from '../version.js';
import { RecordFile } from './record-file.js';

/** That a run is to be recorded, and what only the command knows of it. */
export interface RecordWish extends Pick<RunFacts, 'source' | 'seed' | 'digest'> {
  /** The file. */
  readonly path: string;
}

/** What is to be recorded: a machine, what announces what happens to it, and who does it. */
export interface Recorded extends Pick<RecorderOptions, 'isCurrent' | 'counted'> {
  readonly host: RecordedHost;
  readonly counters: PageEvents;
  readonly ranges$: RangeEvents['events$'];
  readonly strategy: string | null;
  /** As events number them. */
  readonly tables: readonly RefusalTable[];
}

/** A job of ours on a simulated machine. */
export function recordedJob({ host, counters, ranges$, service }: Evacuator, strategy: string): Recorded {
  return { host, counters, ranges$, strategy, tables: service.handlers.tables };
}

/** A run that is being recorded in a file. */
export class Recording {
  readonly #file: RecordFile;
  readonly #recorder: Recorder;

  private constructor(
    private readonly context: Context,
    file: RecordFile,
    recorder: Recorder,
  ) {
    this.#file = file;
    this.#recorder = recorder;
  }

  /**
   * Writes how memory is, and listens to the run that is about to begin.
   *
   * @throws VacateError kind 'usage' if the file cannot be written.
   */
  static begin(context: Context, { path, ...known }: RecordWish, recorded: Recorded): Recording {
    const file = new RecordFile(path);
    const { host, counters, ranges$, strategy, tables, ...sight } = recorded;
    const outcomes = plainTables(tables);
    const facts = { ...known, command: process.argv.slice(2), strategy, outcomes, by: version() };
    const clock = () => performance.now();
    const recorder = new Recorder(host, counters, ranges$, { facts, sink: file.sink, clock, ...sight });
    return new Recording(context, file, recorder);
  }

  /** For whoever announces himself what becomes of ranges. */
  get recorder(): Recorder {
    return this.#recorder;
  }

  /** Between two slices of the run: what has been recorded so far can be read from then on. */
  async tick(): Promise<void> {
    this.#recorder.tick();
    await this.#file.flush();
  }

  /** The run is over, however it ended. */
  async end(outcome: string, ranges: readonly PfnRange[] = []): Promise<void> {
    this.#recorder.finish(outcome, ranges);
    const because = await this.#file.close();
    if (because !== null) this.context.note(because);
  }
}
