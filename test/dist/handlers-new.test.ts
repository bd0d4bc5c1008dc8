import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Installed, type Ran, ROOT } from './package/installed.js';
import { vacateAll } from './run-cli.js';

/*
 * A package that `vacate handlers new` has written, as its author has it: beside the installed vacate, compiled, tested by
 * Node, used by a command.
 */

const PATIENCE_MS = 300_000;

let installed: Installed;
let made: Ran;
const plugin = () => join(installed.folder, 'ring');

/** What npm install would do, without a network: vacate is found in the folder above. */
function install(): void {
  mkdirSync(join(plugin(), 'node_modules'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules/@typescript/native'), join(plugin(), 'node_modules/typescript'));
}

/** Its own `npm test`, of which the first half is tsc. */
function npmTest(): string {
  // As a child of jest it would report to a parent that does not listen.
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env;
  const { scripts } = JSON.parse(readFileSync(join(plugin(), 'package.json'), 'utf8'));
  expect(scripts.test).toBe('tsc && node --test dist/ring-buffer.test.js');
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: plugin(), env, encoding: 'utf8' });
  node('node_modules/typescript/bin/tsc');
  return node('--test', '--test-reporter=tap', 'dist/ring-buffer.test.js');
}

beforeAll(async () => {
  installed = Installed.make();
  made = await installed.vacate('handlers', 'new', 'ring-buffer', plugin(), '--json');
}, PATIENCE_MS);
afterAll(() => installed.remove());

it('has been written, and names the vacate that wrote it', () => {
  expect([made.exitCode, made.stderr]).toEqual([0, '']);
  const { files, ...said } = JSON.parse(made.stdout);
  expect(said).toEqual({ command: 'handlers new', name: 'ring-buffer', folder: plugin() });
  expect(files).toEqual(
    expect.arrayContaining(['package.json', 'README.md', 'src/handler.ts', 'src/ring-buffer.test.ts']),
  );
  const { devDependencies } = JSON.parse(readFileSync(join(plugin(), 'package.json'), 'utf8'));
  expect(resolve(plugin(), devDependencies.vacate.slice('file:'.length))).toBe(installed.framework.home);
});

it(
  'compiles, passes the kit, and is found by a command',
  async () => {
    install();
    const said = npmTest();
    expect(Number(/^# pass (\d+)$/m.exec(said)?.[1])).toBeGreaterThan(30);
    expect(said).toMatch(/^# fail 0$/m);
    const { exitCode, stdout, stderr } = await installed.vacate('handlers', '--json', '--plugin', './ring');
    expect([exitCode, stderr]).toEqual([0, '']);
    const inOrder: { name: string; order: string | null }[] = JSON.parse(stdout).handlers;
    const at = inOrder.findIndex(({ name }) => name === 'ring-buffer');
    expect(inOrder[at]).toMatchObject({ name: 'ring-buffer', order: 'pre' });
    // Before whoever would claim its pages otherwise.
    expect(at).toBeLessThan(inOrder.findIndex(({ name }) => name === 'movable-ops'));
  },
  PATIENCE_MS,
);

it(
  'moves pages on threads of the installed command',
  async () => {
    const cell = ['--dimm', 'dimm1', '--strategy', 'merged', '--seeds', '2', '--jobs', '2'];
    const compare = ['compare', 'two-dimms', ...cell, '--out', 'results', '--plugin', './ring'];
    const { exitCode, stderr } = await installed.vacate(...compare);
    expect([exitCode, stderr]).toEqual([0, '']);
    const cells = readFileSync(join(installed.folder, 'results/cells.jsonl'), 'utf8').trim().split('\n');
    expect(cells.map((line) => JSON.parse(line).ended)).toEqual(['done', 'done']);
  },
  PATIENCE_MS,
);

it(
  'is not written over, or under a name that is none',
  async () => {
    const file = join(installed.folder, 'file');
    writeFileSync(file, '');
    const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
      [['ring-buffer', plugin()], 'has files in it; name a folder that is new or empty'],
      [['ring-buffer', file], 'is no folder; name a new one'],
      [['ring-buffer', join(file, 'below')], 'cannot be written (ENOTDIR)'],
      [['Ring Buffer'], '"Ring Buffer" is no name for a page type'],
      [['../../etc'], 'is no name for a page type'],
      [['anonymous'], 'vacate has a page type "anonymous" already'],
    ];
    const ended = await vacateAll(wrong.map(([args]) => ['handlers', 'new', ...args]));
    ended.forEach(({ exitCode, stdout, stderr }, i) => {
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^vacate: [^\n]+\n$/);
      expect(stderr).toContain(wrong[i]![1]);
    });
  },
  PATIENCE_MS,
);
