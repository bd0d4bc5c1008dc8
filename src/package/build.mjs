import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { rollUp } from './declarations.mjs';
import { commandManifest, entriesOf, frameworkManifest, INTERNAL } from './manifest.mjs';
import { split } from './split.mjs';

/*
 * `npm run package`: the packages as they are published, from what `npm run build` has compiled: the framework in
 * dist/package, the command line in dist/package-cli. What works in the checkout does not need them. `npm pack
 * ./dist/package ./dist/package-cli` makes the files that others install. Argument: another folder than dist.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = resolve(process.argv[2] ?? join(ROOT, 'dist'));
const FRAMEWORK = join(OUT, 'package');
const COMMAND = join(OUT, 'package-cli');

/** What `vacate` begins with, as the compiler writes it. */
const MAIN = 'dist/src/cli/main.js';

/** Read by people. */
const FRAMEWORK_COPIES = {
  'README.md': 'README.md',
  'CHANGELOG.md': 'CHANGELOG.md',
  LICENSE: 'LICENSE',
  'src/package/bin.mjs': 'bin/vacate.js',
};
/** Read by people, or by commands at run time. */
const COMMAND_COPIES = {
  'src/package/README-cli.md': 'README.md',
  LICENSE: 'LICENSE',
  'dist/browser': 'browser',
  'examples/scenarios': 'examples/scenarios',
};

/** The schema of scenario files, as narrow as it can be: it is for editors. */
const SCHEMA = 'scenario.schema.json';

async function main() {
  for (const folder of [FRAMEWORK, COMMAND]) rmSync(folder, { recursive: true, force: true });
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = entriesOf(manifest, readdirSync(join(ROOT, 'plugins')));
  const modules = mapped(entries, ({ code }) => join(ROOT, code));
  const files = await bundle({ entries: { ...modules, main: join(ROOT, MAIN) }, root: ROOT });
  const parts = split(files, { entries: Object.keys(entries).map((name) => `${name}.js`), internal: INTERNAL });
  const types = rollUp({
    entries: mapped(entries, ({ types }) => join(ROOT, types)),
    values: Object.fromEntries(await Promise.all(Object.entries(modules).map(valuesOf))),
    root: ROOT,
  });
  writeAll(FRAMEWORK, new Map([...parts.framework.files, ...types]), FRAMEWORK_COPIES);
  write(FRAMEWORK, SCHEMA, JSON.stringify(JSON.parse(readFileSync(join(ROOT, 'dist', SCHEMA), 'utf8'))));
  writeManifest(FRAMEWORK, frameworkManifest(manifest, parts.framework));
  writeAll(COMMAND, parts.command.files, COMMAND_COPIES);
  writeManifest(COMMAND, commandManifest(manifest, parts));
}

function mapped(entries, to) {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, to(entry)]));
}

async function valuesOf([name, path]) {
  return [name, Object.keys(await import(pathToFileURL(path).href))];
}

function writeAll(folder, files, copies) {
  for (const [path, text] of files) write(folder, join('lib', path), text);
  for (const [from, to] of Object.entries(copies))
    if (existsSync(join(ROOT, from))) cpSync(join(ROOT, from), join(folder, to), { recursive: true });
}

function writeManifest(folder, manifest) {
  write(folder, 'package.json', `${JSON.stringify(manifest, null, 2)}\n`);
}

function write(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

await main();
