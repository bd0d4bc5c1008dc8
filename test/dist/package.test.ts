import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the package', () => {
  it('ships what its exports, its command and its README name, and no tests', () => {
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
    );
    const files: string[] = packed.files.map(({ path }: { path: string }) => path);
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/src/handler/index.js',
        'dist/src/cli/main.js',
        'dist/plugins/anonymous/index.js',
        'dist/scenario.schema.json',
        'examples/scenarios/two-dimms.yaml',
        'ARCHITECTURE.md',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(files.filter((file) => /\.test\.|^dist\/test\//.test(file))).toEqual([]);
  });

  it('publishes the schema of scenario files', () => {
    const schema = JSON.parse(readFileSync(`${root}/dist/scenario.schema.json`, 'utf8'));
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['name', 'seed', 'nodes', 'workloads', 'swap']),
    );
  });

  it('shows these names, and each change of them is seen here', async () => {
    expect(Object.keys(await import('vacate')).sort()).toMatchSnapshot();
    expect(Object.keys(await import('vacate/handler')).sort()).toMatchSnapshot();
  });
});
