import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { BENCHMARKS } from './benchmarks/index.js';
import { type Benchmark, PAGES_PER_GIB } from './framework/benchmark.js';
import { compiler } from './framework/c-program.js';
import type { BenchmarkReport } from './framework/report.js';
import { runBenchmark } from './framework/run.js';
import { tableOf } from './framework/table.js';

/**
 * All benchmarks that compare us with others in the same run: C for the same work, and the naive forms. What each shows
 * and does not is in README.md beside this file. Exits with 1 if contestants disagree or a goal is missed.
 *
 * `npm run bench -- [--only NAME…] [--size GIB…] [--runs N] [--json] [--list]`
 */
const USAGE = 'usage: npm run bench -- [--only NAME…] [--size GIB…] [--runs N] [--json] [--list]';
const RUNS = 5;
/** None at the smallest sizes, where times say nothing anyway: what is tested there is that all of it still runs. */
const WARM_UPS = 2;

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

interface Options {
  readonly benchmarks: readonly Benchmark[];
  /** Null for all that a benchmark has. */
  readonly sizes: readonly number[] | 'smallest' | null;
  readonly runs: number;
  readonly json: boolean;
  readonly list: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const names = [...(values.only ?? []), ...positionals].flatMap((names) => names.split(','));
  for (const name of names)
    if (!BENCHMARKS.some((one) => one.name === name)) fail(`there is no benchmark "${name}"; --list names them`);
  const runs = Number(values.runs ?? RUNS);
  if (!Number.isInteger(runs) || runs < 1) fail('--runs is how many rounds count, 1 or more');
  return {
    benchmarks: names.length === 0 ? BENCHMARKS : BENCHMARKS.filter(({ name }) => names.includes(name)),
    sizes: sizesIn(values.size),
    runs,
    json: values.json ?? false,
    list: values.list ?? false,
  };
}

function sizesIn(texts: readonly string[] | undefined): Options['sizes'] {
  if (texts === undefined) return null;
  if (texts.length === 1 && texts[0] === 'smallest') return 'smallest';
  const sizes = texts.flatMap((text) => text.split(',')).map(Number);
  for (const gib of sizes)
    if (!(gib > 0) || !Number.isInteger(Math.log2(gib * PAGES_PER_GIB)))
      fail('--size is a power of two of GiB (1, 16, 256, 1024), or "smallest": as in the tests');
  return sizes.sort((a, b) => a - b);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        size: { type: 'string', multiple: true },
        runs: { type: 'string' },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
      },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

/** Sizes that were asked for and lie within those of the benchmark; all of its own if none was. */
function sizesOf({ sizes: own }: Benchmark, asked: Options['sizes']): readonly number[] {
  if (asked === 'smallest') return own.slice(0, 1);
  return asked === null ? own : asked.filter((gib) => gib >= own[0]! && gib <= own.at(-1)!);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function machineHere() {
  const cc = compiler();
  const version = cc === null ? null : spawnSync(cc, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]!;
  return { node: process.version, processor: cpus()[0]?.model ?? 'unknown', nrCpus: cpus().length, compiler: version };
}

const { benchmarks, sizes, runs, json, list } = optionsOf(process.argv.slice(2));
if (list) {
  for (const { name, sizes, shows } of benchmarks) console.log(`${name} (${sizes.join(', ')} GiB)\n  ${shows}`);
  process.exit();
}
const machine = machineHere();
if (!json) {
  console.log(`node ${machine.node}, ${machine.nrCpus} CPUs\n${machine.processor}`);
  console.log(machine.compiler ?? 'NO COMPILER');
  console.log(`Medians of ${runs} rounds; speed: the first contestant's is 1, in the same rounds.\n`);
}
const reports: BenchmarkReport[] = [];
for (const benchmark of benchmarks) {
  const atSizes = sizesOf(benchmark, sizes);
  if (atSizes.length === 0) {
    progress('');
    console.error(`${benchmark.name}: SKIPPED, it runs at ${benchmark.sizes[0]} to ${benchmark.sizes.at(-1)} GiB`);
    continue;
  }
  const report = await runBenchmark(benchmark, {
    sizes: atSizes,
    runs,
    warmUps: sizes === 'smallest' ? 0 : WARM_UPS,
    onProgress: progress,
  });
  progress('');
  reports.push(report);
  if (!json) console.log(tableOf(report));
}
console.log(JSON.stringify({ machine, runs, benchmarks: reports }));
const isRight = reports.every(({ agree, goals }) => agree && goals.every(({ holds }) => holds !== false));
process.exitCode = isRight ? 0 : 1;
