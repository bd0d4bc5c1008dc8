import type { Evacuator } from '../../container/create-evacuator.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { Recorder, type RunFacts } from '../../recording/recorder.js';
import type { RecordedHandler } from '../../recording/records.js';
import type { Context } from '../context.js';
import { version } from '../version.js';
import { RecordFile } from './record-file.js';

/** That a run is to be recorded, and what only the command knows of it. */
export interface RecordWish extends Pick<RunFacts, 'source' | 'seed' | 'digest'> {
  /** The file. */
  readonly path: string;
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
  static begin(
    context: Context,
    { path, ...known }: RecordWish,
    evacuator: Evacuator,
    strategy: string,
    isCurrent = true,
  ): Recording {
    const file = new RecordFile(path);
    const { host, counters, ranges$, service } = evacuator;
    const command = process.argv.slice(2);
    const outcomes = service.handlers.tables.map(recordedHandler);
    const facts = { ...known, command, strategy, outcomes, by: version() };
    const clock = () => performance.now();
    const recorder = new Recorder(host, counters, ranges$, { facts, sink: file.sink, clock, isCurrent });
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

/** As a recording has it: a table may hold more than that. */
function recordedHandler({ name, refusals }: Evacuator['service']['handlers']['tables'][number]): RecordedHandler {
  return {
    name,
    refusals: refusals.map((refusal) => {
      if (refusal === null) return null;
      const { id, kind, because } = refusal;
      return { id, kind, because };
    }),
  };
}
