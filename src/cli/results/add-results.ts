import type { Command } from 'commander';
import type { Context } from '../context.js';
import { once } from '../options.js';
import { type End, examples, json } from '../program-options.js';

const HELP = `
FOLDERS are the --out of vacate compare and of vacate fleet forecast, or folders
that hold some. Tables: cells and summary of comparisons, hosts and reasons of
fleets; each has a column "run", the folder it comes from. The language is
DuckDB's. Without --sql, what can be asked.
`;

export function addResults(program: Command, context: Context, end: End): void {
  program
    .command('results')
    .description('ask the results of comparisons and fleets in SQL')
    .argument('<folders...>', 'folders that runs have written')
    .option('--sql <query>', 'what is asked', once('--sql'))
    .option('--csv', 'print the answer as CSV')
    .addOption(json())
    .action(async (folders, options) =>
      end(await (await import('../commands/results.js')).results(context, folders, options)),
    )
    .addHelpText(
      'after',
      HELP +
        examples([
          'vacate results fleet',
          "vacate results fleet --sql 'SELECT host, free2M FROM hosts ORDER BY free2M'",
          "vacate results runs --csv --sql 'FROM cells WHERE success < 1'",
        ]),
    );
}
