import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { codeOf } from '../../base/errno.js';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { loadShippedPlugins } from '../../container/load-plugins.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { filesOfPackage } from '../handlers/new-package.js';
import { packageRoot } from '../version.js';

export interface HandlersNewOptions {
  readonly json?: boolean;
}

/** As plugins are named; a package's name has room for more. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME_MAX = 60;

/** `vacate handlers new`: a package with a page type that passes the kit as it is. */
export async function handlersNew(
  context: Context,
  name: string,
  directory: string | undefined,
  { json }: HandlersNewOptions,
): Promise<number> {
  if (!NAME.test(name) || name.length > NAME_MAX)
    throw new VacateError(
      'usage',
      `${quoted(name)} is no name for a page type; write small letters, digits and hyphens, like ring-buffer`,
    );
  if ((await loadShippedPlugins()).some((shipped) => shipped.name === name))
    throw new VacateError('usage', `vacate has a page type "${name}" already; take another name`);
  const folder = directory ?? `vacate-plugin-${name}`;
  expectRoom(folder);
  const files = filesOfPackage({ name, vacate: `file:${relative(resolve(folder), packageRoot())}` });
  for (const [path, text] of files) write(join(folder, path), text);
  if (json === true) printJson(context, { command: 'handlers new', name, folder, files: [...files.keys()] });
  else {
    context.print(`A package with the page type "${name}" is in ${quoted(folder)}:`);
    for (const path of files.keys()) context.print(`  ${path}`);
    context.print('\nGo there, then: npm install && npm test && npx vacate handlers --plugin .');
  }
  return EXIT_DONE;
}

/** @throws VacateError kind 'usage' unless the folder is new or empty. */
function expectRoom(folder: string): void {
  const stats = attempt(folder, () => statSync(folder, { throwIfNoEntry: false }));
  if (stats === undefined) return;
  if (!stats.isDirectory()) throw new VacateError('usage', `${quoted(folder)} is no folder; name a new one`);
  if (attempt(folder, () => readdirSync(folder)).length > 0)
    throw new VacateError('usage', `${quoted(folder)} has files in it; name a folder that is new or empty`);
}

function write(path: string, text: string): void {
  attempt(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  });
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = codeOf(cause);
    throw new VacateError('usage', `${quoted(path)} cannot be written (${code}); name a folder of yours`, { cause });
  }
}
