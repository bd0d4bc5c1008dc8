import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createEvacuator,
  loadPlugins,
  loadShippedPlugins,
  machineFromScenario,
  parseScenario,
  runJob,
  simModule,
} from 'vacate';
import { type Ended, ROOT, vacateAll } from './run-cli.js';

/*
 * Plugins that nobody vouches for: what they break is found out and named, and takes nothing down with it.
 */

const PATIENCE_MS = 300_000;
const THREE = 'test/fixtures/nodes/three.yaml';
const PLUGINS = 'test/dist/plugins';

const LIMITED = ['--plugin-time-limit', '100ms'];
/** Each with what names it. */
const BROKEN = [
  ['loops', /^plugin "loops" took longer than 100 ms and was stopped in migrate of pfn:0x[0-9a-f]+; mend it/],
  ['claims-everything', /^plugin "claims-everything" claims free pages \(flags buddy\); its claims\(\) must say no/],
  [
    'takes-when-asked',
    /^plugin "takes-when-asked" called isolateFromLru of pfn:0x1000 in claims of flags 0x[0-9a-f]+; /,
  ],
] as const;

const pathOf = (name: string) => `./${PLUGINS}/${name}.mjs`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-plugins-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One machine, nodes in threads, and cells of a comparison in workers. */
const RUNS = [
  ['offline', THREE, '--blocks', '13', '--json'],
  ['offline', THREE, '--blocks', '13', '--json', '--threads', '2'],
];

describe.each(BROKEN)('a plugin that %s', (name, says) => {
  let ended: readonly Ended[];
  const out = () => join(folder, name);

  beforeAll(async () => {
    const compare = ['compare', THREE, '--blocks', '13', '--seeds', '1', '--strategy', 'isolate-first', '--jobs', '2'];
    const runs = [...RUNS, [...compare, '--out', out()]];
    ended = await vacateAll(runs.map((args) => [...args, '--plugin', pathOf(name), ...LIMITED]));
  }, PATIENCE_MS);

  it('ends a command with its name, on the main thread and on others', () => {
    for (const { exitCode, stdout, stderr } of ended.slice(0, RUNS.length)) {
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^vacate: [^\n]+\n$/);
      expect(stderr.slice('vacate: '.length)).toMatch(says);
    }
  });

  it('ends its own cell of a comparison, in a worker', () => {
    expect(ended.at(-1)).toMatchObject({ exitCode: 64, stderr: '' });
    const [cell] = readFileSync(join(out(), 'cells.jsonl'), 'utf8').split('\n');
    const { ended: how, because } = JSON.parse(cell!);
    expect(how).toBe('error');
    expect(because).toMatch(says);
  });

  it(
    'leaves a machine whole that is used by a program',
    async () => {
      const machine = machineFromScenario(parseScenario(readFileSync(join(ROOT, THREE), 'utf8'), THREE));
      const own = await loadPlugins([join(ROOT, pathOf(name))], { handlerTimeLimitMs: 100 });
      const run = async () => {
        const evacuator = createEvacuator({
          host: simModule(machine),
          plugins: [...(await loadShippedPlugins()), ...own],
        });
        return runJob(evacuator.offline({ blocks: [13] }));
      };
      await expect(run()).rejects.toMatchObject({ kind: 'plugin', message: expect.stringMatching(says) });
      const { host, ...shipped } = createEvacuator({ host: simModule(machine), plugins: await loadShippedPlugins() });
      expect(host.validate()).toEqual([]);
      expect(await runJob(shipped.offline({ blocks: [13] }))).toMatchObject({ outcome: 'done' });
    },
    PATIENCE_MS,
  );
});

it(
  'a soak ends when a plugin of its loops, and names it',
  async () => {
    const soak = ['soak', 'test/fixtures/soak/small.yaml', '--rounds', '1', '--faults', 'none'];
    const [{ exitCode, stderr }] = (await vacateAll([[...soak, '--plugin', pathOf('loops'), ...LIMITED]])) as [Ended];
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/plugin "loops" took longer than 100 ms/);
  },
  PATIENCE_MS,
);

describe('--plugin names', () => {
  const nothing = (name: string) =>
    `export default { name: '${name}', api: 1, order: null, claims: 'nothing', refusals: [null], create: () => ({}) };`;
  const inFolder = (...args: string[]) =>
    new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const main = join(ROOT, 'dist/cli/main.js');
      execFile(process.execPath, [main, 'handlers', '--json', ...args], { cwd: folder }, (_error, stdout, stderr) =>
        resolve({ stdout, stderr }),
      );
    });

  beforeAll(() => {
    const packages: readonly (readonly [folder: string, description: unknown])[] = [
      ['node_modules/by-condition', { exports: { '.': { import: { default: './index.mjs' } } } }],
      ['node_modules/@scope/by-main', { main: 'index.mjs' }],
      ['node_modules/by-pattern', { exports: { './types/*': './*.mjs' } }],
      ['by-folder', { exports: './index.mjs' }],
    ];
    for (const [path, description] of packages) {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, 'package.json'), JSON.stringify(description));
      writeFileSync(join(folder, path, 'index.mjs'), nothing(path.split('/').at(-1)!));
    }
    for (const name of ['bare', 'unbuilt']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'unbuilt/package.json'), '{ "exports": "./dist/index.js" }');
    writeFileSync(join(folder, 'typed.ts'), nothing('typed'));
  });

  it(
    'packages of the folder that one is in, folders and files, as many as there are',
    async () => {
      const specifiers = ['by-condition', '@scope/by-main', 'by-pattern/types/index', './by-folder'];
      const { stdout, stderr } = await inFolder(...specifiers.flatMap((specifier) => ['--plugin', specifier]));
      expect(stderr).toBe('');
      const names = JSON.parse(stdout).handlers.map(({ name }: { name: string }) => name);
      expect(names.slice(-4)).toEqual(['by-condition', 'by-main', 'by-pattern', 'by-folder']);
    },
    PATIENCE_MS,
  );

  it.each([
    ['./typed.ts', 'it is TypeScript; compile it (npx tsc), and name the .js file that comes out'],
    ['./bare', 'the folder has no package.json; name the .js file in it that has the plugin'],
    ['./unbuilt', 'build it, so that there is the file that its package.json names'],
    ['no-such-package', 'give a path to its built index.js or a package name'],
  ])(
    'nothing that cannot be loaded: %s',
    async (specifier, says) => {
      const { stdout, stderr } = await inFolder('--plugin', specifier);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^vacate: cannot load plugin [^\n]+\n$/);
      expect(stderr).toContain(says);
    },
    PATIENCE_MS,
  );
});
