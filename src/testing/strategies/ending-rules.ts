import { stopJob } from '../../strategies/job-stopped.js';
import { check, checkSame } from '../conformance.js';
import type { AnyRequest, AnyResult, StrategyCase, Trial } from './trial.js';

/** Pauses at which a job is stopped: all, or so many, from the first to the last. */
const STOPS_MAX = 12;

/** However a job ends, and wherever. */
export function endingRules(trial: () => Trial, asked: () => AnyRequest): StrategyCase[] {
  return [
    { name: 'nothing is lost', rule: 'nothing-is-lost', run: () => nothingIsLost(trial(), asked()) },
    { name: 'nothing stays in hand', rule: 'nothing-stays-in-hand', run: () => nothingStays(trial(), asked()) },
    {
      name: 'stopped at any pause, it leaves nothing behind',
      rule: 'stopped-anywhere',
      run: () => stopped(trial(), asked()),
    },
    {
      name: 'a job that nobody lets begin changes nothing',
      rule: 'not-begun-is-not-there',
      run: () => notBegun(trial(), asked()),
    },
    { name: 'on the same machine it does the same', rule: 'same-again', run: () => sameAgain(trial(), asked()) },
    { name: 'a run is announced, and how it ended', rule: 'announces-its-end', run: () => announces(trial(), asked()) },
  ];
}

function nothingIsLost(trial: Trial, request: AnyRequest): void {
  trial.open().finish(request);
  trial.checkKept('when it has ended');
}

function nothingStays(trial: Trial, request: AnyRequest): void {
  const run = trial.open();
  run.finish(request);
  trial.checkAtRest(run, 'when it has ended');
}

function stopped(trial: Trial, request: AnyRequest): void {
  const { pauses } = trial.open().finish(request);
  const nr = Math.min(pauses.length, STOPS_MAX);
  for (let i = 0; i < nr; i++) {
    const stopAt = nr === 1 ? 0 : Math.round((i * (pauses.length - 1)) / (nr - 1));
    const run = trial.open();
    const job = run.job(request);
    for (let pause = 0; pause <= stopAt; pause++)
      check(job.next().done !== true, `it ended at pause ${pause}, and before it had ${pauses.length}`);
    const when = `stopped at pause ${stopAt + 1} of ${pauses.length} (${pauses[stopAt]!.step})`;
    stopJob(job);
    trial.checkAtRest(run, when);
    trial.checkKept(when);
    checkSame(run.heard.at(-1) ?? 'interrupted', 'interrupted', `${when}, how it is said to have ended`);
  }
}

function notBegun(trial: Trial, request: AnyRequest): void {
  const run = trial.open();
  const before = trial.hash();
  stopJob(run.job(request));
  checkSame(trial.hash(), before, 'the machine after it');
}

function sameAgain(trial: Trial, request: AnyRequest): void {
  const [first, second] = [0, 1].map(() => {
    const { result } = trial.open().finish(request);
    return { told: inWords(result), hash: trial.hash() };
  });
  checkSame(second!.told, first!.told, 'the second result');
  checkSame(second!.hash, first!.hash, 'the machine after the second run');
}

function inWords({ moved, ...rest }: AnyResult): string {
  return JSON.stringify({ ...rest, sources: [...moved.sources], targets: [...moved.targets] });
}

function announces(trial: Trial, request: AnyRequest): void {
  const run = trial.open();
  const { outcome } = run.finish(request).result;
  checkSame(run.heard[0], 'started', 'the first announcement');
  checkSame(run.heard.at(-1), outcome, 'the last announcement');
  const nrStarted = run.heard.filter((word) => word === 'started').length;
  checkSame(run.heard.length, 2 * nrStarted, `the number of announcements of ${nrStarted} runs`);
}
