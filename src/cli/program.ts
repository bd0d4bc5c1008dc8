import { Command, Option } from 'commander';
import type { Context } from './context.js';
import { addFleet } from './fleet/add-fleet.js';
import { addHandlers } from './handlers/add-handlers.js';
import { usageSentence } from './messages.js';
import {
  collect,
  once,
  parseCount,
  parseJobs,
  parseNode,
  parseOrder,
  parseReaders,
  parseSeed,
  parseSeeds,
} from './options.js';
import { addExplain, addForecast, addInspect, addLint, addReplay } from './program-looks.js';
import {
  type End,
  examples,
  html,
  journal,
  json,
  MACHINE,
  map,
  noWatch,
  plugin,
  pluginTimeLimit,
  RANGE_HELP,
  RECORD_HELP,
  record,
  root,
  seed,
  stall,
  strategiesHelp,
  strategy,
  strategyModule,
  THREADS_HELP,
  threads,
  timeout,
  watch,
} from './program-options.js';
import { addWorker } from './queue/add-worker.js';
import { priority, REDIS_HELP, redis, redisCa, redisPasswordFile, wait } from './queue/queue-options.js';
import { addResults } from './results/add-results.js';
import { machinePath, shippedScenarios } from './shipped-scenarios.js';
import { addSoak } from './soak/add-soak.js';
import { version } from './version.js';
import { addView } from './view/add-view.js';
import { wrap } from './wording.js';

/** Names of strategies by front end, the default first. */
export interface StrategyNames {
  readonly offline: readonly string[];
  readonly highOrder: readonly string[];
}

/**
 * The whole command line. Commands give their exit code to `end`; each is loaded when it is called, so that help and
 * complaints come at once. Without names, help says where they are to be found.
 */
export function createProgram(
  context: Context,
  end: (exitCode: number) => void,
  strategyNames: StrategyNames | null,
): Command {
  const program = new Command('vacate')
    .description('Empties a range of physical memory: plans the evacuation, simulates it, explains it.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--no-color', 'print without colours, as NO_COLOR=1 does')
    .option('--ascii', 'print without Unicode, as LC_ALL=C does')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      sortSubcommands: false,
      styleTitle: (title) => context.palette.bold(title),
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace('[options] ', '')}`.trim(),
    })
    .configureOutput({
      outputError: (complaint) => context.note(usageSentence(complaint, 'vacate --help')),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
    });
  addDemo(program, context, end);
  addCapture(program, context, end);
  addInspect(program, context, end);
  addForecast(program, context, end);
  addOffline(program, context, end, strategyNames?.offline);
  addOnline(program, context, end);
  addRecover(program, context, end);
  addExplain(program, context, end);
  addLint(program, context, end);
  addHighOrder(program, context, end, strategyNames?.highOrder);
  addCompare(program, context, end);
  addFleet(program, context, end);
  addWorker(program, context, end);
  addResults(program, context, end);
  addView(program, context, end);
  addSoak(program, context, end);
  addReplay(program, context, end);
  addHandlers(program, context, end);
  addStrategies(program, context, end);
  addSchema(program, context, end);
  for (const command of program.commands) complain(context, command, `vacate ${command.name()}`);
  return program.addHelpText('after', () =>
    examples(['vacate demo', 'vacate inspect two-dimms'], `${EXITS}${shippedText()}`),
  );
}

/** Whatever is wrong with a command line is said in one sentence that names the help to read. */
function complain(context: Context, command: Command, name: string): void {
  const output = command.parent?.configureOutput() ?? {};
  command.configureOutput({
    ...output,
    outputError: (complaint) => context.note(usageSentence(complaint, `${name} --help`)),
  });
  for (const below of command.commands) complain(context, below, `${name} ${below.name()}`);
}

const EXITS = `
Exit codes: 0 done, 1 refused or failed, 2 usage, 64 partial, 130 interrupted.
${wrap(`MACHINE is ${MACHINE}.`, 80)}`;

function shippedText(): string {
  const names = shippedScenarios();
  return names.length === 0 ? '' : `\n${wrap(`Shipped scenarios: ${names.join(', ')}.`, 80)}`;
}

const machinePaths = (name: string, others: readonly string[] = []) => [...others, machinePath(name)];

function addDemo(program: Command, context: Context, end: End): void {
  program
    .command('demo')
    .description('take a DIMM of a simulated machine offline, in seconds, before your eyes')
    .addOption(seed())
    .addOption(record())
    .addOption(json())
    .action(async (options) => end(await (await import('./commands/demo.js')).demo(context, options)))
    .addHelpText('after', examples(['vacate demo', 'vacate demo --seed 7', 'vacate demo --record demo.run']));
}

const CAPTURE_HELP = `
The directory is there whole or not at all. It holds what the kernel says of its
memory, page by page and zone by zone, but nothing that is in it; with --owners
also names of processes and of files that they have mapped.
`;

function addCapture(program: Command, context: Context, end: End): void {
  program
    .command('capture')
    .description('take a capture of this host: a directory that other commands take for it')
    .addOption(new Option('--out <folder>', 'where it goes; it must be new or empty').makeOptionMandatory())
    .option('--owners', 'also which process or memory cgroup has each page')
    .option('--force', 'replace the capture that is there')
    .addOption(
      new Option('--readers <number>', 'how many read at a time, 1 or 2')
        .argParser(parseReaders)
        .default(undefined, '2 where there are as many CPUs'),
    )
    .option('--root <folder>', 'the host whose /proc and /sys were copied below this folder')
    .addOption(json())
    .action(async (options) => end(await (await import('./commands/capture.js')).capture(context, options)))
    .addHelpText(
      'after',
      CAPTURE_HELP +
        examples([
          'vacate capture --out captures/host7',
          'vacate capture --out captures/host7 --owners --force',
          'vacate inspect captures/host7',
        ]),
    );
}

const LIVE_HELP = `
On "live" the kernel does it, and nothing is written without --commit. All
blocks go or none: what went is brought back when one refuses, when no page has
left a block for the time of --stall, when --timeout is up, and on Ctrl-C. If
vacate itself is killed, vacate recover brings them back.
`;

function addOffline(program: Command, context: Context, end: End, strategies: readonly string[] | undefined): void {
  program
    .command('offline')
    .description('take memory blocks offline, all of them or none')
    .argument('<machine>', MACHINE, machinePath)
    .option('--dimm <name>', 'the blocks of this DIMM, by its name or its number from 0', once('--dimm'))
    .option('--blocks <list>', 'these memory blocks, like 32-35,40', once('--blocks'))
    .option('--range <a-b>', 'the memory blocks of this range, see below', once('--range'))
    .addOption(strategy())
    .addOption(strategyModule())
    .addOption(timeout())
    .addOption(threads())
    .option('--commit', 'live: do it; without it nothing is written')
    .addOption(stall())
    .option('--keep-partial', 'live: keep offline what went, though others did not (exit code 64)')
    .option('--eject', 'live: eject the DIMM once all of it is offline')
    .addOption(journal())
    .addOption(root())
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(seed())
    .addOption(record())
    .addOption(watch())
    .addOption(noWatch())
    .addOption(map())
    .addOption(html())
    .addOption(json())
    .action(async (machine, options) =>
      end(
        machine === 'live'
          ? await (await import('./commands/offline-live.js')).offlineLive(context, options)
          : await (await import('./commands/offline.js')).offline(context, machine, options),
      ),
    )
    .addHelpText(
      'after',
      () =>
        RANGE_HELP +
        strategiesHelp(strategies) +
        LIVE_HELP +
        THREADS_HELP +
        RECORD_HELP +
        examples([
          'vacate offline two-dimms --dimm dimm1',
          'vacate offline captures/host7 --blocks 32-35,40 --timeout 30s --json',
          'vacate offline captures/host7 --range 0x100000000-0x120000000',
          'vacate offline two-node-server --blocks 8 --threads 2',
          'vacate offline live --dimm PNP0C80:00',
          'vacate offline live --dimm PNP0C80:00 --commit --timeout 60s --eject',
        ]),
    );
}

function addOnline(program: Command, context: Context, end: End): void {
  program
    .command('online')
    .description('bring memory blocks of this host online again')
    .argument('<machine>', '"live", this host')
    .option('--dimm <name>', 'the blocks of this DIMM, by its name or its number from 0', once('--dimm'))
    .option('--blocks <list>', 'these memory blocks, like 32-35,40', once('--blocks'))
    .option('--range <a-b>', 'the memory blocks of this range, see below', once('--range'))
    .addOption(
      new Option('--zone <kind>', 'where to; by default to zone Movable where a block may go there').choices([
        'movable',
        'kernel',
      ]),
    )
    .option('--commit', 'do it; without it nothing is written')
    .addOption(journal())
    .addOption(root())
    .addOption(record())
    .addOption(json())
    .action(async (machine, options) =>
      end(await (await import('./commands/online.js')).online(context, machine, options)),
    )
    .addHelpText(
      'after',
      RANGE_HELP +
        examples(['vacate online live --dimm PNP0C80:00 --commit', 'vacate online live --blocks 32-35 --zone movable']),
    );
}

const RECOVER_HELP = `
A run of "vacate offline live" that is killed (kill -9) leaves memory blocks
offline. This brings them back to the zone that they had, by the journal in
which every write was noted before. What a run finished is not undone.
`;

function addRecover(program: Command, context: Context, end: End): void {
  program
    .command('recover')
    .description('undo what a run on this host has left that was killed')
    .option('--dry-run', 'only say what would be done')
    .addOption(journal())
    .addOption(root())
    .addOption(record())
    .addOption(json())
    .action(async (options) => end(await (await import('./commands/recover.js')).recover(context, options)))
    .addHelpText('after', RECOVER_HELP + examples(['vacate recover --dry-run', 'vacate recover']));
}

const HIGH_ORDER_HELP = `
Without --strategy, "live" asks what the kernel's own compaction would give and
cost, node by node; --what-if asks the same of any machine. Then --order is 9
unless given, --count is how many blocks are wanted in all (huge pages, for
order 9), and nothing is written without --commit. When --timeout or Ctrl-C ends
the kernel's compaction, what it has moved stays moved.
`;

function addHighOrder(program: Command, context: Context, end: End, strategies: readonly string[] | undefined): void {
  program
    .command('high-order')
    .description('make free blocks of a high order, with the fewest moves')
    .argument('<machine>', MACHINE, machinePath)
    .addOption(new Option('--order <number>', 'blocks of 2^order pages; 9 is 2 MiB').argParser(parseOrder))
    .addOption(
      new Option('--count <number>', 'so many more than there are, or all that can be made').argParser(parseCount),
    )
    .addOption(strategy())
    .addOption(strategyModule())
    .option('--what-if', "what the kernel's own compaction would give and cost")
    .addOption(new Option('--node <number>', "this node's memory alone, with live and --what-if").argParser(parseNode))
    .option('--commit', 'live: ask the kernel to compact memory, and measure what it did')
    .addOption(journal())
    .addOption(timeout())
    .addOption(threads())
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(root())
    .addOption(seed())
    .addOption(record())
    .addOption(watch())
    .addOption(noWatch())
    .addOption(map())
    .addOption(html())
    .addOption(json())
    .action(async (machine, options) =>
      end(await (await import('./commands/high-order.js')).highOrder(context, machine, options)),
    )
    .addHelpText(
      'after',
      () =>
        HIGH_ORDER_HELP +
        strategiesHelp(strategies) +
        THREADS_HELP +
        RECORD_HELP +
        examples([
          'vacate high-order captures/host7 --order 9 --count 64',
          'vacate high-order fragmented --order 9 --count 64',
          'vacate high-order big-server.yaml --order 9 --count 10000 --threads 2',
          'vacate high-order live --count 512',
          'vacate high-order live --node 1 --commit --timeout 30s',
        ]),
    );
}

const COMPARE_HELP = `
Jobs are those of the scenarios (their key "jobs"), or what --order, --dimm and
--blocks state; without either, order 9 and the last DIMM. Every strategy gets
the same machines. The folder gets run.json, cells.jsonl, cells.csv,
cells.parquet, summary.csv and report.html, which opens without a network.
With --record each cell that runs is also a file of that folder, named by its
machine, job, strategy and seed, in the machine's own time. Recordings do not
go through a Redis: they are far larger than rows. A cell is the same wherever
it runs, so run those that you want to see again here, with the same --seed.
`;

function addCompare(program: Command, context: Context, end: End): void {
  program
    .command('compare')
    .description('run strategies on the same machines and say which does what best')
    .argument(
      '<machines...>',
      'scenario files (*.yaml) or names of shipped ones, and capture directories',
      machinePaths,
    )
    .addOption(
      new Option('--strategy <names>', 'who competes: names between commas, or all')
        .argParser(collect)
        .default([], 'all'),
    )
    .addOption(
      new Option('--seeds <number>', 'seeds of each scenario, from --seed on').argParser(parseSeeds).default(10),
    )
    .addOption(new Option('--seed <number>', 'the first seed').argParser(parseSeed).default(1))
    .addOption(new Option('--out <folder>', 'where results go').default('vacate-compare'))
    .addOption(new Option('--jobs <number>', 'runs at a time; all cores by default').argParser(parseJobs))
    .addOption(new Option('--order <number>', 'make blocks of 2^order pages').argParser(parseOrder))
    .addOption(new Option('--count <number>', 'so many of them, or all (the default)').argParser(parseCount))
    .option('--dimm <name>', 'take this DIMM offline', once('--dimm'))
    .option('--blocks <list>', 'take these memory blocks offline, like 32-35,40', once('--blocks'))
    .option('--resume', 'go on with an interrupted run of the same command')
    .option('--force', "overwrite another run's results")
    .addOption(redis())
    .addOption(redisPasswordFile())
    .addOption(redisCa())
    .addOption(priority())
    .addOption(wait())
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(strategyModule())
    .addOption(
      new Option('--record <folder>', 'write the run of each cell down, for vacate replay').argParser(once('--record')),
    )
    .addOption(json())
    .action(async (machines, options) =>
      end(await (await import('./commands/compare.js')).compare(context, machines, options)),
    )
    .addHelpText(
      'after',
      () =>
        COMPARE_HELP +
        REDIS_HELP +
        examples([
          'vacate compare two-dimms scenarios/*.yaml --seeds 10 --out results',
          'vacate compare captures/host7 --order 9 --strategy compaction,cheapest-range',
        ]),
    );
}

function addStrategies(program: Command, context: Context, end: End): void {
  program
    .command('strategies')
    .description('what can do a job: strategies by front end, their modes and switches')
    .argument('[name]', 'this one alone, and what its modes and switches stand for')
    .addOption(strategyModule())
    .addOption(json())
    .action(async (name, options) =>
      end(await (await import('./commands/strategies.js')).strategies(context, name, options)),
    )
    .addHelpText(
      'after',
      examples([
        'vacate strategies',
        'vacate strategies tosatti',
        'vacate strategies --strategy-module ./my-strategy.js',
      ]),
    );
}

function addSchema(program: Command, context: Context, end: End): void {
  program
    .command('schema')
    .description('the JSON Schema of scenario files, for your editor')
    .action(async () => end((await import('./commands/schema.js')).schema(context)))
    .addHelpText('after', examples(['vacate schema > scenario.schema.json']));
}
