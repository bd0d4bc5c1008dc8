import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { rollUp } from './declarations.mjs';
import { entriesOf, publishedManifest } from './manifest.mjs';

/*
 * `npm run package`: the package as it is published, in dist/package, from what `npm run build` has compiled. What works
 * in the checkout does not need it. `npm pack ./dist/package` makes the file that others install.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'dist/package');

/** Read by people, or by commands at run time. */
const COPIED = {
  'README.md': 'README.md',
  'CHANGELOG.md': 'CHANGELOG.md',
  LICENSE: 'LICENSE',
  'dist/browser': 'browser',
  'examples/scenarios': 'examples/scenarios',
};

/** What `vacate` begins with, as the compiler writes it. */
const COMMAND = 'dist/src/cli/main.js';

/** The schema of scenario files, as narrow as it can be: it is for editors. */
const SCHEMA = 'scenario.schema.json';

async function main() {
  rmSync(OUT, { recursive: true, force: true });
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = entriesOf(manifest, readdirSync(join(ROOT, 'plugins')));
  const modules = mapped(entries, ({ code }) => join(ROOT, code));
  const bin = { main: join(ROOT, COMMAND) };
  const built = await bundle({ entries: { ...modules, ...bin }, root: ROOT, out: OUT });
  const types = rollUp({
    entries: mapped(entries, ({ types }) => join(ROOT, types)),
    values: Object.fromEntries(await Promise.all(Object.entries(modules).map(valuesOf))),
    root: ROOT,
  });
  for (const [path, text] of types) write(join('lib', path), text);
  for (const [from, to] of Object.entries(COPIED)) if (existsSync(join(ROOT, from))) copy(from, to);
  write(SCHEMA, JSON.stringify(JSON.parse(readFileSync(join(ROOT, 'dist', SCHEMA), 'utf8'))));
  write('package.json', `${JSON.stringify(publishedManifest(manifest, built), null, 2)}\n`);
}

function mapped(entries, to) {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, to(entry)]));
}

async function valuesOf([name, path]) {
  return [name, Object.keys(await import(pathToFileURL(path).href))];
}

function copy(from, to) {
  cpSync(join(ROOT, from), join(OUT, to), { recursive: true });
}

function write(path, text) {
  mkdirSync(dirname(join(OUT, path)), { recursive: true });
  writeFileSync(join(OUT, path), text);
}

await main();
