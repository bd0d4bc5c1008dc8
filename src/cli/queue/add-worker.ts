import { type Command, Option } from 'commander';
import type { Context } from '../context.js';
import { once, parseJobs, parseTakeOver } from '../options.js';
import { type End, examples, json, plugin, strategyModule } from '../program-options.js';
import { parseMetricsPort } from '../view/parse-port.js';
import { redis, redisCa, redisPasswordFile } from './queue-options.js';

const HELP = `
Does jobs of clients that were started with the same --redis, of this version of
vacate only, until it is told to end. SIGTERM and Ctrl-C let it finish the jobs
under way and hand back the rest (exit codes 0 and 130); a second one ends it at
once, and others take over what it had. It loads no page type and no strategy
but those named here. /metrics is for Prometheus, /health answers 200 or 503.
Keep the password out of the command line: VACATE_REDIS_PASSWORD, or a file.
`;

/** The command `vacate worker`. */
export function addWorker(program: Command, context: Context, end: End): void {
  program
    .command('worker')
    .description('do jobs of clients elsewhere, which a Redis hands out')
    .addOption(redis().makeOptionMandatory())
    .addOption(redisPasswordFile())
    .addOption(redisCa())
    .addOption(new Option('--jobs <number>', 'jobs at a time; all cores by default').argParser(parseJobs))
    .addOption(
      new Option('--takeover <time>', 'others take over what it had when it was silent for so long (10s)')
        .argParser(parseTakeOver)
        .default(10_000, '10s'),
    )
    .addOption(new Option('--metrics-port <number>', 'answer /metrics and /health here').argParser(parseMetricsPort))
    .option('--listen <address>', 'at this address; 127.0.0.1 by default', once('--listen'))
    .addOption(plugin())
    .addOption(strategyModule())
    .addOption(json())
    .action(async (options) => end(await (await import('../commands/worker.js')).worker(context, options)))
    .addHelpText(
      'after',
      HELP +
        examples([
          'vacate worker --redis redis://queue.example:6379',
          'vacate worker --redis rediss://queue.example --jobs 4 --metrics-port 9464',
        ]),
    );
}
