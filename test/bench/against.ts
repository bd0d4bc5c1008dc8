import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Two builds beside each other: the main job (main-job.ts, one thread) of another build of this project and of this one,
 * in turn, round after round. Prints the ratio of each time, ours to theirs, as the median of the rounds' ratios; and
 * whether the results are the same. Exits with 1 if a job takes more than 3 % longer than it did.
 *
 * `npm run build && node dist/test/bench/against.js OTHER_DIST [rounds]`
 */
const OTHER = process.argv[2];
const ROUNDS = Number(process.argv[3] ?? 7);
const OURS = fileURLToPath(new URL('main-job.js', import.meta.url));
const RATIO_MAX = 1.03;
const JOBS = ['offline', 'highOrder'] as const;

type Times = Readonly<Record<(typeof JOBS)[number], { readonly ms: number; readonly hash: string }>>;

function timesOf(mainJob: string): Times {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainJob], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${mainJob} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

if (OTHER === undefined) {
  console.error('usage: node dist/test/bench/against.js OTHER_DIST [rounds]');
  process.exit(2);
}
const theirs = `${OTHER}/test/bench/main-job.js`;
const rounds: { readonly before: Times; readonly now: Times }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  // Who goes first changes, so that a machine that grows slower meanwhile does not tell for or against anybody.
  const first = timesOf(round % 2 === 0 ? theirs : OURS);
  const second = timesOf(round % 2 === 0 ? OURS : theirs);
  rounds.push(round % 2 === 0 ? { before: first, now: second } : { before: second, now: first });
}
const compared = JOBS.map((job) => ({
  job,
  msBefore: median(rounds.map(({ before }) => before[job].ms)),
  ms: median(rounds.map(({ now }) => now[job].ms)),
  ratio: Number(median(rounds.map(({ before, now }) => now[job].ms / before[job].ms)).toFixed(3)),
  sameResult: rounds.every(({ before, now }) => before[job].hash === now[job].hash),
}));
console.log(JSON.stringify({ rounds: ROUNDS, ratioMax: RATIO_MAX, compared }, null, 2));
process.exitCode = compared.every(({ ratio, sameResult }) => sameResult && ratio <= RATIO_MAX) ? 0 : 1;
