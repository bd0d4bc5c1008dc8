import { type Command, Option } from 'commander';
import type { Context } from './context.js';
import { once, parseNeed, parseWant } from './options.js';
import {
  type End,
  examples,
  html,
  json,
  MACHINE,
  map,
  plugin,
  pluginTimeLimit,
  RANGE_HELP,
  root,
  seed,
} from './program-options.js';
import { parseAt, parsePfn } from './replay/replay-options.js';
import { machinePath } from './shipped-scenarios.js';

/*
 * Commands that only look: whatever they are asked, they change nothing.
 */

export function addInspect(program: Command, context: Context, end: End): void {
  program
    .command('inspect')
    .description('what is where: zones, DIMMs, memory blocks, page types, free blocks')
    .argument('<machine>', MACHINE, machinePath)
    .addOption(map().default('type'))
    .addOption(html())
    .addOption(root())
    .addOption(seed())
    .addOption(json())
    .action(async (machine, options) =>
      end(await (await import('./commands/inspect.js')).inspect(context, machine, options)),
    )
    .addHelpText(
      'after',
      examples([
        'vacate inspect two-dimms',
        'vacate inspect captures/host7',
        'vacate inspect captures/host7 --map order',
        'vacate inspect live',
        'vacate inspect live --html memory.html',
        "vacate inspect captures/host7 --json | jq '.zones[].watermarks'",
      ]),
    );
}

const FORECAST_HELP = `
Without a selection, all blocks. A verdict is "will go", "will not go", or
"cannot know" where what the kernel shows allows both, or where pages go as soon
as a plugin of yours stops refusing them (kind "retry"). --need takes blocks that
are sure to go, of the selection if there is one.
Exit codes: 0 all that was asked for will go (always 0 if nothing was selected),
1 something will not go, or there is less than needed, 64 it cannot be known.
`;

export function addForecast(program: Command, context: Context, end: End): void {
  program
    .command('forecast')
    .description('which memory blocks will go, which will not and why, what it costs, whether waiting helps')
    .argument('<machine>', MACHINE, machinePath)
    .option('--dimm <name>', 'the blocks of this DIMM, by its name or its number from 0', once('--dimm'))
    .option('--blocks <list>', 'these memory blocks, like 32-35,40', once('--blocks'))
    .option('--range <a-b>', 'the memory blocks of this range, see below', once('--range'))
    .addOption(
      new Option('--need <size>', 'the cheapest blocks that make up this size (4GiB), and their order').argParser(
        parseNeed,
      ),
    )
    .option('--owners', 'on a live host: ask all processes whose the pages are (a capture says it itself)')
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(root())
    .addOption(seed())
    .addOption(json())
    .action(async (machine, options) =>
      end(await (await import('./commands/forecast.js')).forecast(context, machine, options)),
    )
    .addHelpText(
      'after',
      RANGE_HELP +
        FORECAST_HELP +
        examples([
          'vacate forecast live',
          'vacate forecast captures/host7 --blocks 35',
          'vacate forecast captures/host7 --dimm 0 --json',
          'vacate forecast live --need 4GiB',
        ]),
    );
}

export function addExplain(program: Command, context: Context, end: End): void {
  program
    .command('explain')
    .description("why memory did not go offline, from the kernel's log of the attempt")
    .argument('[machine]', 'a capture directory with a dmesg, or "live" for this host', machinePath)
    .option('--log <file>', 'a saved dmesg, instead of the one beside the capture', once('--log'))
    .addOption(root())
    .addOption(json())
    .action(async (machine, options) =>
      end(await (await import('./commands/explain.js')).explain(context, machine, options)),
    )
    .addHelpText(
      'after',
      examples([
        'vacate explain captures/before-memory32',
        'vacate explain live',
        'vacate explain --log dmesg.txt --json',
        "vacate explain live --json | jq '.attempts[].groups[].likelyHolder'",
      ]),
    );
}

const LINT_HELP = `
Looks at what will have to go one day: the blocks of all DIMMs, or those named.
Exit code 0 if nothing is a problem, 1 otherwise. What cannot be known from a
capture is listed as not checked.
`;

export function addLint(program: Command, context: Context, end: End): void {
  program
    .command('lint')
    .description('what will keep memory from being removed one day, and what to change now')
    .argument('<machine>', MACHINE, machinePath)
    .option('--dimm <name>', 'this DIMM is to be removable, by its name or its number from 0', once('--dimm'))
    .option('--blocks <list>', 'these memory blocks are to be removable, like 32-35,40', once('--blocks'))
    .addOption(new Option('--want <size>', 'so much memory is to be removable (4GiB)').argParser(parseWant))
    .addOption(root())
    .addOption(json())
    .action(async (machine, options) => end(await (await import('./commands/lint.js')).lint(context, machine, options)))
    .addHelpText(
      'after',
      LINT_HELP +
        examples([
          'vacate lint live',
          'vacate lint live --want 64GiB',
          'vacate lint captures/host7 --dimm 1',
          "vacate lint live --json | jq '.findings[] | [.id, .change[].command]'",
        ]),
    );
}

const REPLAY_HELP = `
On a terminal it is stepped through by keys: left and right go by batches of
page events, comma and full stop by single ones, page up and down by range
events; home, end; space plays; g goes to a place or a page; q ends. Elsewhere,
or with an option, what the run was is printed, and memory as it stood.
A place is a page event (1000), a range event (range:3), a part of the run
(50%) or a time since it began (250ms, 1.5s). A run that was cut off is shown as
far as it got.
Exit codes: 0 shown, 1 --verify found another run, 2 it cannot be read.
`;

export function addReplay(program: Command, context: Context, end: End): void {
  program
    .command('replay')
    .description('step through a run that was recorded, and say why a page moved or refused')
    .argument('<file>', 'what --record has written')
    .addOption(new Option('--at <place>', 'memory as it stood there; at the end by default').argParser(parseAt))
    .addOption(new Option('--pfn <pfn>', 'what became of this page, and why').argParser(parsePfn))
    .option('--follow', 'wait for the rest of a run that is still going on')
    .option('--verify', 'run it again, from its scenario and seed or its capture, and compare')
    .addOption(json())
    .action(async (file, options) => end(await (await import('./commands/replay.js')).replay(context, file, options)))
    .addHelpText(
      'after',
      REPLAY_HELP +
        examples([
          'vacate demo --record demo.run',
          'vacate replay demo.run',
          'vacate replay demo.run --at 50%',
          'vacate replay demo.run --pfn 0x9002 --json',
          'vacate replay demo.run --verify',
        ]),
    );
}
