import { type Command, Option } from 'commander';
import { FAULT_KINDS } from '../../soak/fault-kinds.js';
import type { Context } from '../context.js';
import { examples, json, plugin, pluginTimeLimit, record, seed } from '../program-options.js';
import { machinePath } from '../shipped-scenarios.js';
import { wrap } from '../wording.js';
import { parseMigrators, parseMinutes, parseRounds, parseSeconds, parseThreads } from './soak-options.js';

const SOAK_HELP = `
Threads are CPUs of one simulated machine: some run processes, which read,
write, fork, exit, map, lock and pin memory and use files; others move its
pages, by every strategy in turn. Each word that is read is compared with what
was written last; now and then everybody stands still, and all of memory is
looked at. Without a scenario it is the shipped one called soak, made for it.
With threads no two runs are the same: the seed says what each thread chooses,
not who comes first.
With --record memory is written down as it is seen meanwhile, as often as that
costs little, with the states of blocks and sums: for vacate replay and view.
Which page went where it does not say, as threads move pages at the same time.
Faults: ${wrap(FAULT_KINDS.join(', '), 70, '  ')}
Exit codes: 0 nothing was wrong, 1 something was, 2 usage, 130 interrupted.
`;

/** The command `vacate soak`. */
export function addSoak(program: Command, context: Context, end: (exitCode: number) => void): void {
  program
    .command('soak')
    .description('move pages by all strategies in turn while threads use them and things go wrong')
    .argument('[scenario]', 'a scenario file (*.yaml) or the name of a shipped one', machinePath)
    .addOption(new Option('--threads <number>', 'threads that run processes').argParser(parseThreads).default(2))
    .addOption(new Option('--migrators <number>', 'threads that move pages').argParser(parseMigrators).default(1))
    .addOption(new Option('--minutes <number>', 'how long it goes on; 1 by default').argParser(parseMinutes))
    .addOption(new Option('--seconds <number>', 'the same in seconds').argParser(parseSeconds))
    .addOption(
      new Option('--rounds <number>', 'end when every strategy has had its turn so often').argParser(parseRounds),
    )
    .option('--bytes', 'pages hold 4 KiB of real bytes, each word of which is checked; tokens by default')
    .option('--strategy <names>', 'names between commas, or all', 'all')
    .option('--faults <kinds>', 'what goes wrong on purpose: kinds between commas, all, or none', 'all')
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(seed())
    .addOption(record())
    .addOption(json())
    .action(async (scenario, options) =>
      end(await (await import('../commands/soak.js')).soak(context, scenario, options)),
    )
    .addHelpText(
      'after',
      SOAK_HELP +
        examples([
          'vacate soak --minutes 10',
          'vacate soak --threads 4 --migrators 2 --bytes --seconds 30',
          'vacate soak --strategy offline/merged,compaction --faults none',
        ]),
    );
}
