import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * `npm run fuzz`: rounds of the fuzz project, each with a seed of its own, for ten minutes or as long as --minutes says.
 * What finds something goes into test/fixtures/fuzz; it wants a better name, and is run first from then on.
 * --runs N: runs of a reader that takes next to no time, in each round; other arguments go to jest (-t 'scenario').
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 10;
const RUNS = 1500;
/** A round that takes longer hangs: which input that was is noted before it is read. */
const ROUND_MS_MAX = 30 * 60_000;
const LAST = join(tmpdir(), 'vacate-fuzz-last');

function main() {
  const args = process.argv.slice(2);
  const minutes = take(args, '--minutes', MINUTES);
  const runs = take(args, '--runs', RUNS);
  const until = performance.now() + minutes * 60_000;
  let rounds = 0;
  let failed = 0;
  do {
    const seed = randomInt(2 ** 31);
    say(`round ${++rounds}, seed ${seed}`);
    if (!round(seed, runs, args)) failed++;
  } while (performance.now() < until);
  say(`${rounds} rounds of ${runs} runs, ${failed} of them found something`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** The number behind an option, which is taken out of the arguments. */
function take(args, option, otherwise) {
  const at = args.indexOf(option);
  if (at < 0) return otherwise;
  const [, value] = args.splice(at, 2);
  const number = Number(value);
  if (!(number > 0)) throw new Error(`${option} wants a number, not ${value}`);
  return number;
}

function round(seed, runs, args) {
  const { status, signal } = spawnSync(
    'npm',
    ['run', '--silent', 'jest', '--', 'test/fuzz', '--selectProjects', 'fuzz', ...args],
    {
      cwd: ROOT,
      stdio: 'inherit',
      timeout: ROUND_MS_MAX,
      killSignal: 'SIGKILL',
      env: { ...process.env, VACATE_SEED: `${seed}`, VACATE_FUZZ_RUNS: `${runs}`, VACATE_FUZZ_KEEP: '1' },
    },
  );
  if (status !== 0 && status !== 1) say(`ended by ${signal ?? status} at an input of ${lastReader()}, kept as ${LAST}`);
  return status === 0;
}

function lastReader() {
  try {
    return readFileSync(`${LAST}.reader`, 'utf8');
  } catch {
    return 'nobody knows what';
  }
}

function say(line) {
  process.stderr.write(`\n==> ${line}\n`);
}

main();
