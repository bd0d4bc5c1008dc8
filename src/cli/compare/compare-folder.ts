import type { Cell } from '../../compare/cell.js';
import { cellsCsv, summaryCsv } from '../../compare/csv.js';
import { journalLine, parseJournal } from '../../compare/journal.js';
import { cellsParquet } from '../../compare/parquet.js';
import { htmlReport } from '../../compare/report.js';
import { differenceBetween, isRunRecord, type RunRecord } from '../../compare/run-record.js';
import type { SummaryTable } from '../../compare/summary.js';
import { checkFolder as check, type FolderForm, type FolderManner, ResultsFolder } from '../engine/results-folder.js';

export type { FolderManner } from '../engine/results-folder.js';

const FORM: FolderForm<RunRecord, Cell> = {
  record: 'run.json',
  journal: 'cells.jsonl',
  results: ['cells.csv', 'summary.csv', 'cells.parquet', 'report.html'],
  isRecord: isRunRecord,
  differenceBetween,
  line: journalLine,
  parse: (text) => {
    const { cells, text: whole } = parseJournal(text);
    return { rows: cells, text: whole };
  },
};

/**
 * Complains about a folder before any work is done.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkFolder(path: string, manner: FolderManner): void {
  check(path, FORM, manner);
}

/** The folder of a comparison: what was asked, and cells as they are finished. */
export class RunFolder {
  private constructor(private readonly folder: ResultsFolder<RunRecord, Cell>) {}

  /**
   * Begins a run, or goes on with one.
   *
   * @throws VacateError kind 'usage' if the folder cannot be written, or holds a run that was asked something else.
   */
  static open(path: string, record: RunRecord, manner: FolderManner): RunFolder {
    return new RunFolder(ResultsFolder.open(path, FORM, record, manner));
  }

  /** Cells of an earlier run of the same record. */
  get finished(): readonly Cell[] {
    return this.folder.finished;
  }

  /** A cell that has been added is kept, whatever happens next. */
  add(cell: Cell): void {
    this.folder.add(cell);
  }

  /** Tables and report; what an earlier run has left of them is replaced. */
  writeResults(record: RunRecord, cells: readonly Cell[], tables: readonly SummaryTable[]): void {
    this.folder.writeResults({
      'cells.csv': cellsCsv(cells),
      'summary.csv': summaryCsv(tables),
      'cells.parquet': new Uint8Array(cellsParquet(cells)),
      'report.html': htmlReport(record, tables),
    });
  }

  close(): void {
    this.folder.close();
  }
}
