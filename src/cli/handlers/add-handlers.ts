import type { Command } from 'commander';
import type { Context } from '../context.js';
import { type End, examples, json, plugin } from '../program-options.js';

const NEW_HELP = `
The package has TypeScript, refusals, and the kit of vacate/testing as its tests,
which pass at once: npm install && npm test. It goes to vacate-plugin-NAME unless
a directory is named, which must be new or empty.
`;

/** The commands about page types: which there are, and a new one. */
export function addHandlers(program: Command, context: Context, end: End): void {
  const handlers = program
    .command('handlers')
    .description('which page-type handlers claim what, in order, and what they refuse; "new" begins one')
    .usage('[options] [new NAME]')
    .addOption(plugin())
    .addOption(json())
    .action(async (options) => end(await (await import('../commands/handlers.js')).handlers(context, options)))
    .addHelpText(
      'after',
      examples([
        'vacate handlers',
        'vacate handlers --plugin ./my-plugin --plugin vacate-plugin-ring-buffer',
        'vacate handlers new ring-buffer',
      ]),
    );
  handlers
    .command('new')
    .description('write a package with a page type of your own, and its tests')
    .argument('<name>', 'what the page type is called, like ring-buffer')
    .argument('[directory]', 'where the package goes')
    .addOption(json())
    .action(async (name, directory, _options, command: Command) =>
      end(
        await (await import('../commands/handlers-new.js')).handlersNew(
          context,
          name,
          directory,
          command.optsWithGlobals(),
        ),
      ),
    )
    .addHelpText(
      'after',
      NEW_HELP + examples(['vacate handlers new ring-buffer', 'vacate handlers new ring-buffer plugins/ring --json']),
    );
}
