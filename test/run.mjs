import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provision } from './provision.mjs';

/*
 * What `npm test` runs: everything that a change must pass. Arguments go to jest, which then runs once. All reports go
 * to standard error; standard output gets one line, "N passed, N failed" (and ", N skipped" if any were), which counts
 * each step before jest as a test. The exit code is 0 only if nothing failed.
 */

/** How many of the slowest suites are named at the end. */
const NR_SLOWEST = 10;

/** Jest leaves one core idle by default, and half of a small machine is a lot. A worker that has grown is replaced. */
const ALL_CORES = ['--maxWorkers=100%', '--workerIdleMemoryLimit=2GB'];

/**
 * One after the other. The built command line has workers of its own: a process that has tested a thousand machines is
 * too large to be forked where memory is not overcommitted. A browser is several processes by itself. Guests come last,
 * and two at a time: with more to do than cores, what is slow looks as if it hung.
 */
const JEST_RUNS = [
  ['--ignoreProjects', 'dist', 'browser', 'guest', ...ALL_CORES],
  ['--selectProjects', 'dist', ...ALL_CORES],
  ['--selectProjects', 'browser', '--maxWorkers=1', '--passWithNoTests'],
  ['--selectProjects', 'guest', '--maxWorkers=2', '--passWithNoTests'],
];

/** What everybody's run draws from, so that a change passes or fails for its own reasons; exploring is asked for. */
const DEFAULT_SEED = '2004';

/** Steps that come before jest, all at once, each an npm script, so that package.json alone says how each is done. */
const STEPS = ['lint', 'check', 'build'];

const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function main() {
  const skippedSuites = provision();
  for (const { suite, because } of skippedSuites) say(`SKIPPED ${suite}: ${because}`);
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true }); // or a file that is gone would still be tested
  const steps = await Promise.all(STEPS.map((name) => timed(name, () => succeeds(name))));
  const failedSteps = steps.filter(({ result }) => !result).map(({ name }) => name);
  // What has just been built from nothing need not be translated once more for jest.
  const environment = failedSteps.includes('build') ? {} : { VACATE_BUILT: '1' };
  const args = process.argv.slice(2);
  const runs = [];
  for (const run of args.length > 0 ? [[...ALL_CORES, ...args]] : JEST_RUNS)
    runs.push(await timed(`jest ${run.join(' ')}`, () => runJest(run, skippedSuites, environment)));
  const jests = runs.map(({ result }) => result);
  sayWhatTookLong([...steps, ...runs], jests);
  for (const step of failedSteps) say(`FAILED npm run ${step}`);
  for (const { problem } of jests) if (problem !== null) say(`FAILED ${problem}`);
  const sum = (count) => jests.reduce((total, jest) => total + jest[count], 0);
  const passed = STEPS.length - failedSteps.length + sum('passed');
  const failed = failedSteps.length + sum('failed');
  const skipped = skippedSuites.length + sum('skipped');
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Runs one npm script with its output on standard error. */
async function succeeds(script, args = [], environment = {}) {
  say(`npm run ${script}`);
  const step = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environment },
  });
  const [status] = await once(step, 'close');
  return status === 0;
}

/** Runs jest once and counts; whatever went wrong without a failed test to show for it counts as one. */
async function runJest(args, skippedSuites, environment) {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-test-'));
  try {
    const outputFile = join(folder, 'jest.json');
    const seed =
      process.env.VACATE_SEED === 'random' ? `${randomInt(2 ** 31)}` : (process.env.VACATE_SEED ?? DEFAULT_SEED);
    say(`seed ${seed} (VACATE_SEED=N for another, VACATE_SEED=random for any)`);
    const suites = JSON.stringify(skippedSuites.map(({ suite }) => suite));
    const succeeded = await succeeds('jest', ['--json', `--outputFile=${outputFile}`, ...args], {
      ...environment,
      VACATE_SKIP_SUITES: suites,
      VACATE_SEED: seed,
    });
    return tally(readReport(outputFile), succeeded);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

function tally(report, succeeded) {
  if (report === null)
    return { passed: 0, failed: 1, skipped: 0, suites: [], problem: 'jest: it ended without a report' };
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const skipped = report.numPendingTests + report.numTodoTests;
  const suites = report.testResults.map(({ name, startTime, endTime }) => ({ name, ms: endTime - startTime }));
  if (failed > 0 || succeeded) return { passed, failed, skipped, suites, problem: null };
  return {
    passed,
    failed: 1,
    skipped,
    suites,
    problem: 'jest: no test failed, yet it is not content; its report above says why',
  };
}

async function timed(name, does) {
  const begun = performance.now();
  const result = await does();
  return { name, ms: performance.now() - begun, result };
}

/** How long each part took, and the suites that took longest: where to look when it takes too long. */
function sayWhatTookLong(parts, jests) {
  const line = ({ ms }, name) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${name}`;
  const slowest = jests.flatMap(({ suites }) => suites).sort((a, b) => b.ms - a.ms);
  say(
    [
      'what took long',
      ...parts.map((part) => line(part, part.name)),
      `the ${NR_SLOWEST} slowest suites`,
      ...slowest.slice(0, NR_SLOWEST).map((suite) => line(suite, relative(ROOT, suite.name))),
    ].join('\n'),
  );
}

function say(line) {
  process.stderr.write(`\n==> ${line}\n`);
}

await main();
