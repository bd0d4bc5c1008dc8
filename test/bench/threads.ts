import { createProcess, mapMemory, VM_WRITE } from '../../src/sim/address-space.js';
import type { Machine } from '../../src/sim/machine.js';
import { validateMachine } from '../../src/sim/validate.js';
import { shareMachine, stopAll } from '../../src/smp/index.js';
import { play } from '../dist/threads/crew.js';
import { machineForThreads } from '../dist/threads/machines.js';
import type { Accessed, Roamed } from '../dist/threads/parts.js';
import { awaitCue, CUE_READY, CUE_TRANSLATED, createStage } from '../dist/threads/stage.js';
import type { Protocol } from '../dist/threads/unsafe-hosts.js';

/**
 * What it costs to be right with real threads: one runs a process that writes and reads words, one takes memory blocks
 * off line and brings them back. The correct protocol beside those that lose stores, in turn, round after round; and the
 * process with a migrator on a tenth of the time beside the process alone. Prints medians, ratios, and what was checked.
 *
 * `npm run build && node dist/test/bench/threads.js [rounds] [seconds]`
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = Number(process.argv[3] ?? 2);
/** Of the pages that can be moved, two thirds are in use. */
const NR_BLOCKS = 14;
const NR_PAGES = 8 * 1024;
const FIRST_VPN = 512;
const WARM_UP_PAGES = 40_000;
/** The share of the other protocols' rate, and of its own speed, that the project promises. */
const RATIO_MIN = 0.6;

/** By the clock, and by the time in which a thread had a core: on a machine that does other things, only that is steady. */
type Rate = 'pagesPerSecond' | 'pagesPerCpuSecond' | 'accessesPerSecond' | 'accessesPerCpuSecond';

interface Run extends Readonly<Record<Rate, number>> {
  readonly wrong: number;
  readonly broken: readonly string[];
}

const perSecond = (nr: number, ms: number) => Math.round((nr / ms) * 1000);

async function run(protocol: Protocol | null, duty: number): Promise<Run> {
  const warmUpPages = duty === 1 ? WARM_UP_PAGES : WARM_UP_PAGES / 10;
  const machine: Machine = machineForThreads(NR_BLOCKS, 'bytes');
  const mm = createProcess(machine, 0);
  mapMemory(machine, mm, { start: FIRST_VPN, nrPages: NR_PAGES, flags: VM_WRITE, file: 0, offset: 0 });
  const shared = shareMachine(machine);
  const stage = createStage();
  const memory = { mm, firstVpn: FIRST_VPN, nrPages: NR_PAGES, firstWord: 8, nrWords: 4 };
  const process = play({ role: 'access', shared, stage, cpu: 1, ...memory });
  awaitCue(stage, CUE_TRANSLATED);
  const blocks = Array.from({ length: NR_BLOCKS - 2 }, (_, at) => at + 2);
  const migrator = protocol && play({ role: 'roam', shared, stage, cpu: 0, protocol, blocks, duty, warmUpPages });
  if (migrator !== null) awaitCue(stage, CUE_READY);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  stopAll(shared);
  const { accesses, wrong, ms, cpuMs } = (await process.done) as Accessed;
  const roamed = ((await migrator?.done) ?? { migrated: 0, ms: 1, cpuMs: 1 }) as Roamed;
  return {
    pagesPerSecond: perSecond(roamed.migrated, roamed.ms),
    pagesPerCpuSecond: perSecond(roamed.migrated, roamed.cpuMs),
    accessesPerSecond: perSecond(accesses, ms),
    accessesPerCpuSecond: perSecond(accesses, cpuMs),
    wrong,
    broken: validateMachine(machine),
  };
}

const CASES: Readonly<Record<string, readonly [protocol: Protocol | null, duty: number]>> = {
  safe: ['safe', 1],
  noShootdown: ['no-shootdown', 1],
  copyThenSwitch: ['copy-then-switch', 1],
  alone: [null, 0],
  tenth: ['safe', 0.1],
};

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const runs: Record<string, Run[]> = {};
for (let round = 0; round < ROUNDS; round++)
  for (const [name, [protocol, duty]] of Object.entries(CASES)) (runs[name] ??= []).push(await run(protocol, duty));

/** Of runs of one round each, as what else a machine does changes from round to round. */
const ratio = (name: string, to: string, rate: Rate) =>
  Number(median(runs[name]!.map((run, round) => run[rate] / runs[to]![round]![rate])).toFixed(3));
const wrongLoads = (name: string) => runs[name]!.reduce((sum, { wrong }) => sum + wrong, 0);
const figures = (name: string) => {
  const of = (rate: Rate) => median(runs[name]!.map((run) => run[rate]));
  return {
    pagesPerSecond: of('pagesPerSecond'),
    pagesPerCpuSecond: of('pagesPerCpuSecond'),
    accessesPerSecond: of('accessesPerSecond'),
    accessesPerCpuSecond: of('accessesPerCpuSecond'),
    wrongLoads: wrongLoads(name),
  };
};
const ratiosBy = (pages: Rate, accesses: Rate) => ({
  migrationToNoShootdown: ratio('safe', 'noShootdown', pages),
  migrationToCopyThenSwitch: ratio('safe', 'copyThenSwitch', pages),
  accessWithTenthToAlone: ratio('tenth', 'alone', accesses),
});
const ratios = ratiosBy('pagesPerSecond', 'accessesPerSecond');
const cpuRatios = ratiosBy('pagesPerCpuSecond', 'accessesPerCpuSecond');
const sound = ['safe', 'alone', 'tenth'].every(
  (name) => wrongLoads(name) === 0 && runs[name]!.every(({ broken }) => broken.length === 0),
);
const cases = Object.fromEntries(Object.keys(CASES).map((name) => [name, figures(name)]));
console.log(JSON.stringify({ rounds: ROUNDS, seconds: SECONDS, cases, ratios, cpuRatios, ratioMin: RATIO_MIN, sound }));
process.exitCode = sound && Object.values(ratios).every((value) => value >= RATIO_MIN) ? 0 : 1;
