import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Ended, ROOT, vacate, vacateAll } from './run-cli.js';

/* A package that `vacate handlers new` has written, as its author has it: compiled, tested by Node, used by a command. */

const PATIENCE_MS = 300_000;

let folder: string;
let made: Ended;
const plugin = () => join(folder, 'ring');

/** What npm install would do, without a network: what package.json names lies in this checkout. */
function install(): void {
  mkdirSync(join(plugin(), 'node_modules/@types'), { recursive: true });
  for (const [name, target] of [
    ['vacate', ROOT],
    ['typescript', join(ROOT, 'node_modules/@typescript/native')],
    ['@types/node', join(ROOT, 'node_modules/@types/node')],
  ] as const)
    symlinkSync(target, join(plugin(), 'node_modules', name));
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
  folder = mkdtempSync(join(tmpdir(), 'vacate-new-'));
  made = await vacate(['handlers', 'new', 'ring-buffer', plugin(), '--json']);
}, PATIENCE_MS);
afterAll(() => rmSync(folder, { recursive: true }));

it('has been written, and names the vacate that wrote it', () => {
  expect([made.exitCode, made.stderr]).toEqual([0, '']);
  const { files, ...said } = JSON.parse(made.stdout);
  expect(said).toEqual({ command: 'handlers new', name: 'ring-buffer', folder: plugin() });
  expect(files).toEqual(
    expect.arrayContaining(['package.json', 'README.md', 'src/handler.ts', 'src/ring-buffer.test.ts']),
  );
  const { devDependencies } = JSON.parse(readFileSync(join(plugin(), 'package.json'), 'utf8'));
  expect(resolve(plugin(), devDependencies.vacate.slice('file:'.length))).toBe(resolve(ROOT));
});

it(
  'compiles, passes the kit, and is found by a command',
  async () => {
    install();
    const said = npmTest();
    expect(Number(/^# pass (\d+)$/m.exec(said)?.[1])).toBeGreaterThan(30);
    expect(said).toMatch(/^# fail 0$/m);
    const { exitCode, stdout, stderr } = await vacate(['handlers', '--json', '--plugin', plugin()]);
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
  'is not written over, or under a name that is none',
  async () => {
    const file = join(folder, 'file');
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
