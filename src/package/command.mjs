import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCommand } from './bundle.mjs';

/*
 * The last step of `npm run build`: the command line as the checkout runs it, in dist/cli, from what has been compiled.
 * Node takes a millisecond for each of the five hundred modules that a command would load one by one.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'dist/cli');

/** Loaded by few commands, and large or native. */
const OUTSIDE = ['cli-progress', 'echarts', 'hyparquet-writer', 'tinypool', 'ws'];

async function main() {
  rmSync(OUT, { recursive: true, force: true });
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const plugins = readdirSync(join(ROOT, 'plugins')).map((name) => `plugins/${name}/index`);
  const entries = Object.fromEntries(plugins.map((name) => [name, join(ROOT, 'dist', `${name}.js`)]));
  await bundleCommand({
    entries: { ...entries, main: join(ROOT, 'dist/src/cli/main.js') },
    root: ROOT,
    dir: OUT,
    outside: [...OUTSIDE, ...Object.keys(optionalDependencies)],
  });
}

await main();
