// @ts-expect-error what packages is plain JavaScript, without declarations
import { split } from '../../../src/package/split.mjs';

/* Which of the two published packages a file goes to, and how those of the command line name the others. */

const WISH = { entries: ['index.js'], internal: 'vacate/internal' };

const FILES = {
  'index.js': "import{t as e}from'./shared.js';import'rxjs/internal/Subject';export{e};import('./lazy.js');",
  'shared.js': "const t=new URL('./thread.js',import.meta.url);export{t};",
  'thread.js': "import'node:fs';",
  'lazy.js': 'export default 1;',
  'main.js':
    "import{t}from'./shared.js';import{c}from'commander';const text=`import './shared.js'`;t(import(`./lazy.js`),text);" +
    "new URL('./worker.js',import.meta.url);new URL('../package.json',import.meta.url);",
  'worker.js': "export*from'./shared.js';",
};

const of = (files: Record<string, string>) => split(new Map(Object.entries(files)), WISH);

it('gives the framework what its entries reach, threads too, and the command line the rest', () => {
  const { framework, command } = of(FILES);
  expect([...framework.files.keys()].sort()).toEqual(['index.js', 'lazy.js', 'shared.js', 'thread.js']);
  expect([...command.files.keys()].sort()).toEqual(['main.js', 'worker.js']);
  expect([framework.packages, command.packages]).toEqual([['rxjs'], ['commander']]);
});

it('links the command line to the framework by name, and leaves what only looks like an import', () => {
  const { framework, command } = of(FILES);
  for (const [name, text] of framework.files) expect(text).toBe(FILES[name as keyof typeof FILES]);
  expect(command.files.get('main.js')).toBe(
    FILES['main.js']
      .replace("from'./shared.js'", 'from"vacate/internal/shared.js"')
      .replace('(`./lazy.js`)', '("vacate/internal/lazy.js")'),
  );
  expect(command.files.get('worker.js')).toBe('export*from"vacate/internal/shared.js";');
});

it.each([
  ['a thread of the framework', { 'main.js': "new URL('./shared.js',import.meta.url);" }, 'the command line has the'],
  ['a file that the command line brings', { 'shared.js': "new URL('../browser',import.meta.url);" }, 'of ../browser: '],
  ['a file that is not there', { 'shared.js': "import'./gone.js';" }, 'gone.js is named, and was not bundled'],
])('refuses the address of %s', (_what, files, says) => {
  expect(() => of({ ...FILES, ...files })).toThrow(says);
});
