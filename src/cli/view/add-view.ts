import { type Command, Option } from 'commander';
import type { Context } from '../context.js';
import { examples, json, plugin, pluginTimeLimit, root, seed } from '../program-options.js';
import { machinePath } from '../shipped-scenarios.js';
import { parsePort } from './parse-port.js';

const VIEW_HELP = `
Shows the map of memory in a browser of this machine: every page of it, at any
zoom, and whatever is asked about one. A RUN is a file that --record wrote, or
is still writing; two RUNs of the same machine stand side by side and go on in
step. With --allow-actions the page can also try things: take blocks
of a simulated machine offline, or make free blocks of a high order, each run on
a copy of its own. Nothing is ever done to this host.
Only this machine is listened to, at 127.0.0.1, and only who has the address
that is printed, which holds a token, is answered. Ctrl-C ends it.
`;

/** The command `vacate view`. */
export function addView(program: Command, context: Context, end: (exitCode: number) => void): void {
  program
    .command('view')
    .description('the map of memory, and recorded runs, in a browser')
    .argument('<machine-or-run>', 'a machine as for other commands, or a recorded run', machinePath)
    .argument('[run]', 'another recorded run of the same machine, to be shown beside it')
    .addOption(new Option('--port <number>', 'listen at this port').argParser(parsePort).default(0, 'any that is free'))
    .option('--allow-actions', 'runs on copies of a simulated machine may be begun')
    .option('--open', 'open it in a browser')
    .addOption(plugin())
    .addOption(pluginTimeLimit())
    .addOption(root())
    .addOption(seed())
    .addOption(json())
    .action(async (name, beside, options) =>
      end(await (await import('../commands/view.js')).view(context, [name, beside], options)),
    )
    .addHelpText(
      'after',
      VIEW_HELP +
        examples([
          'vacate view two-dimms --allow-actions --open',
          'vacate view captures/host7 --port 8080',
          'vacate view run.vacate',
          'vacate view merged.run isolate-first.run',
          'vacate view live --json | jq -r .url',
        ]),
    );
}
