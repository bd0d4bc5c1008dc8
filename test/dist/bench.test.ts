import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { BenchmarkReport } from '../bench/framework/report.js';

const main = fileURLToPath(new URL('../../dist/test/bench/main.js', import.meta.url));
/** Runs share two processors with whatever else is tested. */
const PATIENCE_MS = 600_000;

function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
}

function reportsIn(stdout: string): readonly BenchmarkReport[] {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!).benchmarks;
}

const hasCompiler = spawnSync(process.env.CC ?? 'cc', ['--version'], { stdio: 'ignore' }).status === 0;

describe('the benchmarks at their smallest', () => {
  let run: SpawnSyncReturns<string>;
  let reports: readonly BenchmarkReport[] = [];

  beforeAll(() => {
    run = bench(['--size', 'smallest', '--runs', '1']);
    reports = reportsIn(run.stdout);
  }, PATIENCE_MS);

  it('end well, all of them', () => {
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(reports.map(({ name }) => name)).toEqual(listed());
  });

  it('agree: whoever does the same work has the same result', () => {
    for (const { name, agree } of reports) expect([name, agree]).toEqual([name, true]);
  });

  it('have times, speeds and hashes of everybody', () => {
    for (const { contestants } of reports.flatMap(({ sizes }) => sizes)) {
      expect(contestants.length).toBeGreaterThan(0);
      for (const { ms, nsPerUnit, speed, hash } of contestants) {
        expect(Math.min(ms, nsPerUnit, speed)).toBeGreaterThan(0);
        expect(hash).toMatch(/^[0-9a-f]{8}$/);
      }
    }
  });

  it('miss nobody but where there is no compiler', () => {
    const skipped = reports.flatMap(({ sizes }) => sizes.flatMap(({ absent }) => absent));
    // Tests leave the memory of their host as it is.
    const absent = skipped.filter(({ name }) => name !== 'Linux, compact_memory');
    if (hasCompiler) expect(absent).toEqual([]);
    else for (const { skipped } of absent) expect(skipped).toMatch(/^no C compiler/);
  });

  it('make a table of 80 columns for people', () => {
    const [node, processor, compiler, ...lines] = run.stdout.trimEnd().split('\n').slice(0, -1);
    // How long the names of processors and compilers are is nobody's to say: a line each.
    const { machine } = JSON.parse(run.stdout.trimEnd().split('\n').at(-1)!);
    expect([node, processor]).toEqual([`node ${machine.node}, ${machine.nrCpus} CPUs`, machine.processor]);
    expect(compiler).toBe(machine.compiler ?? 'NO COMPILER');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    for (const { name } of reports) expect(lines).toContain(name);
  });
});

function listed(): string[] {
  const { stdout } = bench(['--list']);
  return [...stdout.matchAll(/^([a-z-]+) \(/gm)].map((match) => match[1]!);
}

describe('a benchmark', () => {
  it(
    'skips C by name where there is no compiler',
    () => {
      const { stdout, status } = bench(['--only', 'cheapest-range', '--size', 'smallest', '--runs', '1'], {
        CC: 'no-cc',
      });
      expect(status).toBe(0);
      expect(stdout).toMatch(/^ +C -O3, bytes: SKIPPED, no C compiler \(no-cc\)/m);
      expect(reportsIn(stdout)[0]!.sizes[0]!.absent.map(({ name }) => name)).toEqual(['C -O3, bytes', 'C -O3, words']);
    },
    PATIENCE_MS,
  );

  it.each([
    [['--only', 'nothing'], 'there is no benchmark "nothing"'],
    [['--size', '3'], '--size is a power of two'],
    [['--runs', '0'], '--runs is how many rounds count'],
    [['--sizes', '1'], "Unknown option '--sizes'"],
  ])('is not run with %j', (args, says) => {
    const { stderr, status } = bench(args);
    expect(status).toBe(2);
    expect(stderr).toContain(says);
  });
});
