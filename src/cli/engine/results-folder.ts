import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../base/errno.js';
import { VacateError } from '../../base/vacate-error.js';

/** What the folder of one kind of run holds. */
export interface FolderForm<Record, Row> {
  /** The file that says what was asked. */
  readonly record: string;
  /** The file that has each row as soon as there is one. */
  readonly journal: string;
  /** Files that are written when all rows are there. */
  readonly results: readonly string[];
  isRecord(value: unknown): value is Record;
  /** Why rows of one run cannot stand beside those of another, as the end of a sentence; null if they can. */
  differenceBetween(there: Record, asked: Record): string | null;
  line(row: Row): string;
  /** Rows of a journal that may have been cut off, and the part of its text that is whole. */
  parse(text: string): { readonly rows: readonly Row[]; readonly text: string };
}

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
export function checkFolder<Record, Row>(
  path: string,
  { record, journal, results }: FolderForm<Record, Row>,
  { force = false, resume = false }: FolderManner,
): void {
  if (force && resume) throw new VacateError('usage', '--force begins anew and --resume goes on; keep one of them');
  const stats = accessing(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats !== undefined && !stats.isDirectory())
    throw new VacateError('usage', `--out ${path} is a file; name a folder, which is made if it does not exist`);
  const found = [record, journal, ...results].filter((name) => existsSync(join(path, name)));
  if (resume && !found.includes(record))
    throw new VacateError('usage', `${path} has no ${record}, so there is no run to go on with; leave --resume out`);
  if (found.length > 0 && !resume && !force)
    throw new VacateError(
      'usage',
      `${path} holds results already (${found.join(', ')}); go on with them by --resume, overwrite them by --force, or name another --out`,
    );
}

/** The folder of a run: what was asked, and rows as they come. */
export class ResultsFolder<Record, Row> {
  readonly #journal: number;

  private constructor(
    private readonly path: string,
    private readonly form: FolderForm<Record, Row>,
    /** Rows of an earlier run of the same record. */
    readonly finished: readonly Row[],
  ) {
    this.#journal = accessing(path, () => openSync(join(path, form.journal), 'a'));
  }

  /**
   * Begins a run, or goes on with one.
   *
   * @throws VacateError kind 'usage' if the folder cannot be written, or holds a run that was asked something else.
   */
  static open<Record, Row>(
    path: string,
    form: FolderForm<Record, Row>,
    record: Record,
    { resume = false }: FolderManner,
  ): ResultsFolder<Record, Row> {
    return accessing(path, () => {
      mkdirSync(path, { recursive: true });
      if (resume) return new ResultsFolder(path, form, resumed(path, form, record));
      for (const name of [form.record, form.journal, ...form.results]) rmSync(join(path, name), { force: true });
      writeFileSync(join(path, form.record), `${JSON.stringify(record, null, 2)}\n`);
      return new ResultsFolder(path, form, []);
    });
  }

  /** A row that has been added is kept, whatever happens next. */
  add(row: Row): void {
    // All of it, or an error: of a disk that is nearly full, one write may fill the rest and succeed.
    accessing(this.path, () => writeFileSync(this.#journal, this.form.line(row)));
  }

  /** Tables and report, by name; what an earlier run has left of them is replaced. */
  writeResults(contents: Readonly<{ [name: string]: string | Uint8Array }>): void {
    accessing(this.path, () => {
      for (const [name, content] of Object.entries(contents)) writeFileSync(join(this.path, name), content);
    });
  }

  close(): void {
    closeSync(this.#journal);
  }
}

function resumed<Record, Row>(path: string, form: FolderForm<Record, Row>, record: Record): readonly Row[] {
  const recordPath = join(path, form.record);
  const asked = bytesOf(recordPath);
  let there: unknown;
  try {
    there = JSON.parse(String(asked));
  } catch (cause) {
    throw new VacateError('usage', `${recordPath} cannot be read as JSON; begin anew with --force`, { cause });
  }
  if (!form.isRecord(there))
    throw new VacateError('usage', `${recordPath} is no record of a run; begin anew with --force`);
  // Compared as it would be read back: JSON has no infinity.
  const difference = form.differenceBetween(there, JSON.parse(JSON.stringify(record)));
  if (difference !== null)
    throw new VacateError(
      'usage',
      `${path} holds another run and cannot be resumed: ${difference}; ask the same, or begin anew with --force`,
    );
  const file = join(path, form.journal);
  const bytes = bytesOf(file);
  const { rows, text } = form.parse(bytes?.toString('utf8') ?? '');
  // What is whole is never written again: on a full disk it would be lost.
  if (bytes !== null) truncateSync(file, lengthOfLines(bytes, text.split('\n').length - 1));
  return rows;
}

/** Null if there is no such file. A pipe would be waited for, and a device never ends. */
function bytesOf(path: string): Buffer | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isFile()) return readFileSync(path);
  throw new VacateError('usage', `${path} is no file, and was made by no run; name another --out`);
}

/** Bytes of the first lines; what is no text counts as it is, not as what it is read as. */
function lengthOfLines(bytes: Buffer, nrLines: number): number {
  let length = 0;
  for (let line = 0; line < nrLines; line++) length = bytes.indexOf('\n', length) + 1;
  return length;
}

/** What the file system refuses, as a sentence. */
function accessing<T>(path: string, access: () => T): T {
  try {
    return access();
  } catch (cause) {
    if (VacateError.is(cause)) throw cause;
    throw new VacateError(
      'usage',
      `--out ${path} cannot be used (${codeOf(cause)}); check its name, its permissions and its room`,
      { cause },
    );
  }
}
