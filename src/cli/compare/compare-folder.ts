import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { VacateError } from '../../base/vacate-error.js';
import type { Cell } from '../../compare/cell.js';
import { cellsCsv, summaryCsv } from '../../compare/csv.js';
import { journalLine, parseJournal } from '../../compare/journal.js';
import { cellsParquet } from '../../compare/parquet.js';
import { htmlReport } from '../../compare/report.js';
import { differenceBetween, isRunRecord, type RunRecord } from '../../compare/run-record.js';
import type { SummaryTable } from '../../compare/summary.js';

const RECORD = 'run.json';
const JOURNAL = 'cells.jsonl';
const RESULTS = ['cells.csv', 'summary.csv', 'cells.parquet', 'report.html'] as const;
const FILES = [RECORD, JOURNAL, ...RESULTS];

/** What may become of results that a folder holds already. */
export interface FolderManner {
  readonly force?: boolean;
  readonly resume?: boolean;
}

/**
 * Complains about a folder before any work is done.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkFolder(path: string, { force = false, resume = false }: FolderManner): void {
  if (force && resume) throw new VacateError('usage', '--force begins anew and --resume goes on; keep one of them');
  const stats = accessing(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats !== undefined && !stats.isDirectory())
    throw new VacateError('usage', `--out ${path} is a file; name a folder, which is made if it does not exist`);
  const found = FILES.filter((name) => existsSync(join(path, name)));
  if (resume && !found.includes(RECORD))
    throw new VacateError('usage', `${path} has no ${RECORD}, so there is no run to go on with; leave --resume out`);
  if (found.length > 0 && !resume && !force)
    throw new VacateError(
      'usage',
      `${path} holds results already (${found.join(', ')}); go on with them by --resume, overwrite them by --force, or name another --out`,
    );
}

/** The folder of a run: what was asked, and cells as they are finished. */
export class RunFolder {
  readonly #journal: number;

  private constructor(
    private readonly path: string,
    /** Cells of an earlier run of the same record. */
    readonly finished: readonly Cell[],
  ) {
    this.#journal = accessing(path, () => openSync(join(path, JOURNAL), 'a'));
  }

  /**
   * Begins a run, or goes on with one.
   *
   * @throws VacateError kind 'usage' if the folder cannot be written, or holds a run that was asked something else.
   */
  static open(path: string, record: RunRecord, { resume = false }: FolderManner): RunFolder {
    return accessing(path, () => {
      mkdirSync(path, { recursive: true });
      if (resume) return new RunFolder(path, resumed(path, record));
      for (const name of FILES) rmSync(join(path, name), { force: true });
      writeFileSync(join(path, RECORD), `${JSON.stringify(record, null, 2)}\n`);
      return new RunFolder(path, []);
    });
  }

  /** A cell that has been added is kept, whatever happens next. */
  add(cell: Cell): void {
    accessing(this.path, () => writeSync(this.#journal, journalLine(cell)));
  }

  /** Tables and report; what an earlier run has left of them is replaced. */
  writeResults(record: RunRecord, cells: readonly Cell[], tables: readonly SummaryTable[]): void {
    const contents: Readonly<Record<(typeof RESULTS)[number], string | Uint8Array>> = {
      'cells.csv': cellsCsv(cells),
      'summary.csv': summaryCsv(tables),
      'cells.parquet': new Uint8Array(cellsParquet(cells)),
      'report.html': htmlReport(record, tables),
    };
    accessing(this.path, () => {
      for (const name of RESULTS) writeFileSync(join(this.path, name), contents[name]);
    });
  }

  close(): void {
    closeSync(this.#journal);
  }
}

function resumed(path: string, record: RunRecord): readonly Cell[] {
  let there: unknown;
  try {
    there = JSON.parse(readFileSync(join(path, RECORD), 'utf8'));
  } catch (cause) {
    throw new VacateError('usage', `${join(path, RECORD)} cannot be read as JSON; begin anew with --force`, { cause });
  }
  if (!isRunRecord(there))
    throw new VacateError('usage', `${join(path, RECORD)} is no record of a run; begin anew with --force`);
  // Compared as it would be read back: JSON has no infinity.
  const difference = differenceBetween(there, JSON.parse(JSON.stringify(record)));
  if (difference !== null)
    throw new VacateError(
      'usage',
      `${path} holds another run and cannot be resumed: ${difference}; ask the same, or begin anew with --force`,
    );
  const file = join(path, JOURNAL);
  const { cells, text } = parseJournal(existsSync(file) ? readFileSync(file, 'utf8') : '');
  writeFileSync(file, text);
  return cells;
}

/** What the file system refuses, as a sentence. */
function accessing<T>(path: string, access: () => T): T {
  try {
    return access();
  } catch (cause) {
    if (VacateError.is(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new VacateError('usage', `--out ${path} cannot be used (${code}); check its name and its permissions`, {
      cause,
    });
  }
}
