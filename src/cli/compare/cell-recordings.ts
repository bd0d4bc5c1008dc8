import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../base/errno.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { CellKey } from '../../compare/cell.js';
import { chunksOf } from '../../recording/kept-recording.js';
import { RecordFile } from '../record/record-file.js';

/** The folder in which the runs of a comparison are written down, a file a cell. */
export class CellRecordings {
  readonly #writing: Promise<string | null>[] = [];

  /** @throws VacateError kind 'usage' if the folder cannot be made. */
  constructor(private readonly folder: string) {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw new VacateError(
        'usage',
        `--record cannot make the folder ${quoted(folder)} (${codeOf(cause)}); name one that is yours`,
        { cause },
      );
    }
  }

  /**
   * Begins to write the run of a cell.
   *
   * @throws VacateError kind 'usage' if its file is something else, or cannot be written.
   */
  add(key: CellKey, bytes: Uint8Array): void {
    const file = new RecordFile(join(this.folder, recordingName(key)));
    for (const chunk of chunksOf(bytes)) file.sink(chunk);
    this.#writing.push(file.close());
  }

  /** Waits for everything to be written; sentences about what could not be. */
  async settled(): Promise<string[]> {
    return (await Promise.all(this.#writing)).filter((because) => because !== null);
  }
}

/** "two-dimms__offline+dimm1__merged__2004.run": what a file name should not hold stands as in the query of an address. */
export function recordingName({ machine, job, strategy, seed }: CellKey): string {
  const parts = [machine, job, strategy, ...(seed === null ? [] : [`${seed}`])];
  return `${parts.map((part) => encodeURIComponent(part).replaceAll('%20', '+')).join('__')}.run`;
}
