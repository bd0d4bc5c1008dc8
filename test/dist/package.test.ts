import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import ts from 'typescript';
import { Installed, type PackedPackage, ROOT } from './package/installed.js';
import { firstLine } from './run-cli.js';

/* The published packages: what is in them, what they say of themselves, and that they work where there is nothing else. */

jest.setTimeout(600_000);

/** Bytes of all that is unpacked of the framework. */
const FRAMEWORK_SIZE_MAX = 2 ** 20;
/** The same of the command line, but for the page of `vacate view`; some growth is left. */
const COMMAND_SIZE_MAX = 540_000;

let installed: Installed;

beforeAll(() => {
  installed = Installed.make();
});

afterAll(() => installed.remove());

const home = () => installed.framework.home;
const manifestOf = ({ home }: PackedPackage) => JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
const manifest = () => manifestOf(installed.framework);

/** Each public name of the framework's entries, "./plugins/*" as one of them. */
function entryPoints(): [specifier: string, types: string][] {
  return Object.entries(manifest().exports as Record<string, { types: string } | string>).flatMap(
    ([subpath, target]) => {
      if (typeof target === 'string') return []; // files to read, and what is the command line's alone
      const at = (path: string) => path.replace('*', 'anonymous');
      return [[at(subpath.replace(/^\./, 'vacate')), join(home(), at(target.types))]];
    },
  );
}

const sizeOf = ({ files }: PackedPackage) =>
  files.filter(({ path }) => !path.startsWith('browser/')).reduce((sum, { size }) => sum + size, 0);

describe('the packed files', () => {
  it('have what they export, the command, and what that reads', () => {
    const [framework, command] = [installed.framework, installed.command!].map(({ files }) =>
      files.map(({ path }) => path),
    );
    expect(framework).toEqual(
      expect.arrayContaining([
        ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'scenario.schema.json', 'bin/vacate.js'],
        ...['lib/index.js', 'lib/index.d.ts', 'lib/plugins/anonymous/index.js', 'lib/shard-main.js'],
      ]),
    );
    expect(command).toEqual(
      expect.arrayContaining([
        ...['package.json', 'README.md', 'LICENSE', 'browser/index.html', 'lib/main.js'],
        ...['examples/scenarios/two-dimms.yaml', 'examples/scenarios/soak.yaml'],
        ...['lib/worker-main.js', 'lib/job-main.js', 'lib/soak-main.js', 'lib/writer-main.js'],
      ]),
    );
    const paths = [...framework!, ...command!];
    expect(paths.filter((path) => /\.map$|\.test\.|\.tsx?$/.test(path.replace(/\.d\.ts$/, '')))).toEqual([]);
  });

  it('are small', () => {
    expect(sizeOf(installed.framework)).toBeLessThan(FRAMEWORK_SIZE_MAX);
    expect(sizeOf(installed.command!)).toBeLessThan(COMMAND_SIZE_MAX);
  });

  it('are of one version, which the command asks for', () => {
    const { version } = manifest();
    expect(manifest().optionalDependencies).toEqual({ 'vacate-cli': version });
    expect(manifestOf(installed.command!)).toMatchObject({ version, peerDependencies: { vacate: version } });
  });

  it('run nothing when they are installed', () => {
    expect([manifest().scripts, manifestOf(installed.command!).scripts]).toEqual([undefined, undefined]);
  });

  it('are as publint and arethetypeswrong want them', async () => {
    const packages = [installed.framework, installed.command!].flatMap(({ home, tarball }) => [home, tarball]);
    const checks = join(ROOT, 'test/dist/package/checks.mjs');
    const { stdout, stderr, exitCode } = await installed.node(checks, ...packages);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 0 });
  });
});

describe('its names', () => {
  it('are these, values and types, and each change of them is seen here', async () => {
    const program = ts.createProgram(
      entryPoints().map(([, types]) => types),
      { module: ts.ModuleKind.NodeNext, noLib: true, types: [] },
    );
    const checker = program.getTypeChecker();
    const names = entryPoints().map(([specifier, types]) => {
      const file = checker.getSymbolAtLocation(program.getSourceFile(types)!)!;
      return [specifier, checker.getExportsOfModule(file).map(({ name }) => name)] as const;
    });
    const values = await installed.node(
      ...['--input-type=module', '--eval'],
      `const of = async (name) => [name, Object.keys(await import(name))];
       console.log(JSON.stringify(Object.fromEntries(await Promise.all(${JSON.stringify(
         names.map(([specifier]) => specifier),
       )}.map(of)))))`,
    );
    const atRunTime = JSON.parse(values.stdout) as Record<string, string[]>;
    for (const [specifier, declared] of names) {
      const own = atRunTime[specifier]!;
      expect(own.filter((name) => !declared.includes(name))).toEqual([]);
      const types = declared.filter((name) => !own.includes(name));
      expect({ values: own.sort(), types: types.sort() }).toMatchSnapshot(specifier);
    }
  });

  it('are there for require() too', async () => {
    const required = entryPoints().map(([specifier]) => `Object.keys(require('${specifier}')).length > 0`);
    const { stdout, stderr } = await installed.node('--input-type=commonjs', '--eval', `console.log(${required})`);
    expect({ stdout, stderr }).toEqual({ stdout: `${required.map(() => 'true').join(' ')}\n`, stderr: '' });
  });

  it('can be had one by one: a bundle has no more than it needs', async () => {
    installed.write('one-name.js', "export { formatBytes } from 'vacate';\n");
    const bundler = join(ROOT, 'test/dist/package/one-name.mjs');
    const { stdout, stderr } = await installed.node(bundler, join(installed.folder, 'one-name.js'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/export \{.* as formatBytes|export \{ formatBytes/);
    expect(stdout.length).toBeLessThan(5_000);
  });
});

describe('whoever compiles against it', () => {
  const SOURCE = `
    import * as vacate from 'vacate';
    import { anonymousPages, pageTypeConformance } from 'vacate/testing';
    import anonymous from 'vacate/plugins/anonymous';
    const names: string[] = pageTypeConformance(anonymous, anonymousPages()).map(({ name }) => name);
    // @ts-expect-error a machine is no text
    const machine: vacate.Machine = 'machine';
    console.log(names, machine);
  `;

  it.each([
    ['node16', { module: 'node16', moduleResolution: 'node16' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('finds all types, with %s', async (_name, options) => {
    const all = entryPoints().map(([specifier], at) => `import * as entry${at} from '${specifier}'; void entry${at};`);
    installed.write('program.ts', `${SOURCE}${all.join('\n')}\n`);
    expect(await installed.compile({ ...options, noEmit: true }, ['program.ts'])).toBe('');
  });
});

describe('its command', () => {
  it('shows its version, and a DIMM that goes', async () => {
    expect(await installed.vacate('--version')).toMatchObject({ exitCode: 0, stdout: `${manifest().version}\n` });
    const { stdout, exitCode } = await installed.vacate('demo');
    expect({ exitCode, isGone: stdout.includes('dimm1 is offline. Pull it.') }).toEqual({ exitCode: 0, isGone: true });
  });

  it('takes memory offline with threads, and compares shipped scenarios with workers', async () => {
    installed.bring('test/fixtures/nodes/three.yaml', 'three.yaml');
    const [nodes, compared] = await Promise.all([
      installed.vacate('high-order', 'three.yaml', '--order', '9', '--count', '1', '--threads', '2', '--json'),
      installed.vacate(
        'compare',
        'two-dimms',
        '--strategy',
        'merged',
        '--seeds',
        '2',
        '--jobs',
        '2',
        '--out',
        'results',
      ),
    ]);
    expect(nodes).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(nodes.stdout)).toMatchObject({ outcome: 'done' });
    expect(compared.exitCode).toBe(0);
    expect(existsSync(join(installed.folder, 'results'))).toBe(true);
  });
});

describe('its page', () => {
  it('is served to whoever has the token', async () => {
    const view = spawn(
      process.execPath,
      [join(home(), 'bin/vacate.js'), 'view', 'examples/scenarios/two-dimms.yaml', '--json'],
      { cwd: installed.folder },
    );
    try {
      const line = await firstLine(view.stdout);
      const { url } = JSON.parse(line) as { url: string };
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toBe(readFileSync(join(installed.command!.home, 'browser/index.html'), 'utf8'));
      const { origin, searchParams } = new URL(url);
      const headers = { authorization: `Bearer ${searchParams.get('token')}` };
      expect(await (await fetch(`${origin}/api/runs`, { headers })).json()).toEqual({ runs: [] });
    } finally {
      const ended = once(view, 'exit');
      view.kill('SIGINT');
      await ended;
    }
  });
});

it('publishes the schema of scenario files', () => {
  const schema = JSON.parse(readFileSync(join(home(), 'scenario.schema.json'), 'utf8'));
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['name', 'seed', 'nodes', 'workloads', 'swap']),
  );
});
