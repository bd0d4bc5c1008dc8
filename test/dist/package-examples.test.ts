import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type ExampleProgram, MACHINE, type PublicName, programOf, publicNames } from './package/examples.js';
import { Installed, ROOT } from './package/installed.js';

/*
 * Every public name is in an example, and what examples say can be done: in a project that has the framework alone, as
 * `npm install --omit=optional vacate` leaves it.
 */

jest.setTimeout(600_000);

/** What would ask or change this machine is compiled, and left at that. */
const NOT_RUN = ['LinuxHost', 'LiveFiles', 'linuxModule', 'readSysfsMemory'];

interface Example extends ExampleProgram {
  readonly name: string;
  readonly file: string;
}

let installed: Installed;
let names: PublicName[];
let examples: Example[];

beforeAll(() => {
  names = publicNames();
  const ofOne = new Map(names.map(({ name, examples }) => [name, examples]));
  const all = [...ofOne].flatMap(([name, texts]) => texts.map((text) => ({ name, ...programOf(text, names) })));
  // Two names may differ in case alone.
  examples = all.map((example, at) => ({ ...example, file: `examples/${at}-${example.name}` }));
  installed = Installed.make({ omitsOptional: true });
  installed.bring('test/fixtures/captures/pinned-offline/before-memory32', 'captures/host7');
  installed.write('machine.yaml', MACHINE);
  for (const { file, text } of examples) installed.write(`${file}.ts`, text);
});

afterAll(() => installed.remove());

it('show every public name, and every page type', () => {
  const shown = new Set(examples.flatMap(({ shows }) => shows));
  expect([...new Set(names.map(({ name }) => name))].filter((name) => !shown.has(name)).sort()).toEqual([]);
  const pageTypes = readdirSync(join(ROOT, 'plugins')).map((name) => `'vacate/plugins/${name}'`);
  expect(pageTypes.filter((name) => !examples.some(({ text }) => text.includes(name)))).toEqual([]);
});

it('compile, and do what they say', async () => {
  const files = examples.map(({ file }) => `${file}.ts`);
  expect(await installed.compile({ module: 'nodenext' }, files)).toBe('');
  const runs = examples.filter(({ name }) => !NOT_RUN.includes(name)).map(({ file }) => `./${file}.js`);
  installed.write('run.js', RUN.replace('PROGRAMS', JSON.stringify(runs)));
  const { stdout } = await installed.node('run.js');
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual([]);
});

describe('of the README', () => {
  /** The one block that has this text, as a file beside the others. */
  function write(file: string, text: string): string {
    const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
    const [found, ...others] = blocks.map(([, code]) => code!).filter((code) => code.includes(text));
    expect(others).toEqual([]);
    installed.write(file, found!);
    return file;
  }

  /** Compiles all files and runs the last, whose cases are Node's; how many passed. */
  async function passed(...files: string[]): Promise<number> {
    expect(await installed.compile({ module: 'nodenext' }, files)).toBe('');
    const last = files.at(-1)!.replace(/\.ts$/, '.js');
    const { exitCode, stdout } = await installed.node('--test', '--test-reporter=tap', last);
    expect({ exitCode, failed: /^# fail (\d+)$/m.exec(stdout)?.[1] }).toEqual({ exitCode: 0, failed: '0' });
    return Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
  }

  it('make a page type that passes the kit', async () => {
    const pageType = write('readme/ring-buffer.ts', "name: 'ring-buffer'");
    const kit = write('readme/kit.ts', 'pageTypeConformance(ringBuffer');
    expect(await passed(pageType, kit)).toBeGreaterThan(30);
  });

  it('make a strategy that passes the kit, and makes the blocks that it is asked for', async () => {
    const strategy = write('readme/lowest-first.ts', "name = 'lowest-first'");
    installed.write('readme/strategy.ts', STRATEGY);
    expect(await passed(strategy, 'readme/strategy.ts')).toBeGreaterThan(5);
  });
});

it('leave out the command line, which says so, and how it is had', async () => {
  const { version } = JSON.parse(readFileSync(join(installed.framework.home, 'package.json'), 'utf8'));
  const wish = `npm install vacate-cli@${version}\n`;
  expect(await installed.vacate('demo')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `vacate: the command line, vacate-cli, is not installed here: ${wish}`,
  });
  installed.write('node_modules/vacate-cli/package.json', '{ "name": "vacate-cli", "version": "0.0.9" }');
  expect(await installed.vacate('demo')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `vacate: this is ${version}, and the command line is 0.0.9: ${wish}`,
  });
});

/** One process for all: each is a module of its own. */
const RUN = `
  const failed = [];
  for (const program of PROGRAMS) {
    try {
      await import(program);
    } catch (error) {
      failed.push(program + ': ' + error.stack);
    }
  }
  console.log(JSON.stringify(failed));
`;

/** The kit, and a run on the machine of the examples. */
const STRATEGY = `
import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createEvacuator, loadShippedPlugins, machineFromScenario, parseScenario, runToEnd, simModule } from 'vacate';
import { strategyConformance } from 'vacate/testing';
import lowestFirst from './lowest-first.js';

for (const { name, run } of strategyConformance(lowestFirst)) test(name, run);

test('three blocks of 64 pages', async () => {
  const machine = machineFromScenario(parseScenario(readFileSync('machine.yaml', 'utf8'), 'machine.yaml'));
  const plugins = await loadShippedPlugins();
  const { highOrder } = createEvacuator({ host: simModule(machine), plugins, strategies: [lowestFirst] });
  const { outcome, made, pagesMigrated } = runToEnd(highOrder({ order: 6, count: 3 }, 'lowest-first'));
  deepEqual({ outcome, made, hasMoved: pagesMigrated > 0 }, { outcome: 'done', made: 3, hasMoved: true });
});
`;
