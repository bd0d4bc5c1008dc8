import { type Command, Option } from 'commander';
import type { Context } from '../context.js';
import { once, parseJobs, parseNeed } from '../options.js';
import { type End, examples, html, json, plugin } from '../program-options.js';
import { priority, REDIS_HELP, redis, redisCa, redisPasswordFile, wait } from '../queue/queue-options.js';

const FORECAST_HELP = `
CAPTURES are capture directories, directories with such in them at any depth, or
patterns in quotes; or addresses (http://host/captures/host7), of which whoever
does the work reads the files in parts. Each host is asked which of its memory
blocks will go, which never come out again, what keeps them, and how many huge
pages it could form. --list names more of all of these, one a line; if it is an
address itself, its lines are addresses too, and count from there.
With --out every host's row is kept as soon as it is known, and tables for other
programs are written: hosts.csv, hosts.parquet, reasons.parquet, report.html.
Exit codes: 0 done, 1 no host can give what is needed, 64 some captures could
not be read (the report says which), 130 interrupted.
`;

/** Commands about many hosts at once. */
export function addFleet(program: Command, context: Context, end: End): void {
  const fleet = program
    .command('fleet')
    .description('what many hosts can give, from their captures')
    .usage('<command>');
  fleet
    .command('forecast')
    .description('which hosts can give memory and what it costs, what never comes out, what keeps the rest')
    .argument('[captures...]', 'capture directories, directories that hold some, or addresses')
    .option('--list <file>', 'more captures, one a line: a file, or an address', once('--list'))
    .addOption(new Option('--need <size>', 'ask each host for this size (64GiB)').argParser(parseNeed))
    .addOption(new Option('--jobs <number>', 'hosts at a time; all cores by default').argParser(parseJobs))
    .option('--out <folder>', 'keep rows and tables here', once('--out'))
    .option('--resume', 'go on with an interrupted run of the same command')
    .option('--force', "overwrite another run's results")
    .addOption(redis())
    .addOption(redisPasswordFile())
    .addOption(redisCa())
    .addOption(priority())
    .addOption(wait())
    .addOption(plugin())
    .addOption(html())
    .addOption(json())
    .action(async (captures, options) =>
      end(await (await import('../commands/fleet-forecast.js')).fleetForecast(context, captures, options)),
    )
    .addHelpText(
      'after',
      FORECAST_HELP +
        REDIS_HELP +
        examples([
          'vacate fleet forecast captures --need 64GiB',
          'vacate fleet forecast --list https://captures.example/today.txt --out fleet',
          'vacate fleet forecast captures/rack7 captures/rack8 --out fleet',
          'vacate fleet forecast captures --redis redis://queue.example --out fleet',
          "vacate fleet forecast 'captures/*/before' --json | jq .report.need.can[].host",
        ]),
    );
}
