import { VacateError } from '../../base/vacate-error.js';
import { csvFile } from '../../report/table-files.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { ResultsDatabase } from '../results/results-database.js';
import { answerText, viewsText } from '../results/results-text.js';

export interface ResultsOptions {
  readonly sql?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** `vacate results`: what runs have come to, asked in SQL; without a question, which tables there are. */
export async function results(context: Context, folders: readonly string[], options: ResultsOptions): Promise<number> {
  const { sql, csv, json } = options;
  if (csv === true && json === true) throw new VacateError('usage', '--csv and --json are two forms; keep one of them');
  const database = await ResultsDatabase.open(folders);
  try {
    if (sql === undefined) {
      const views = await database.views();
      if (json === true) printJson(context, { command: 'results', views });
      else context.print(viewsText(views, context.palette));
      return EXIT_DONE;
    }
    const answer = await database.ask(sql);
    if (json === true) printJson(context, { command: 'results', ...answer });
    else if (csv === true) context.print(csvFile(answer.columns, answer.rows).trimEnd(), true);
    else context.print(answerText(answer, context.palette, context.columns));
    return EXIT_DONE;
  } finally {
    database.close();
  }
}
