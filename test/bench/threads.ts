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
const NR_BLOCKS = 32;
const NR_PAGES = 8 * 1024;
const FIRST_VPN = 512;
/** The share of the other protocols' rate, and of its own speed, that the project promises. */
const RATIO_MIN = 0.6;

interface Run {
  readonly pagesPerSecond: number;
  readonly accessesPerSecond: number;
  readonly wrong: number;
  readonly broken: readonly string[];
}

async function run(protocol: Protocol | null, duty: number): Promise<Run> {
  const machine: Machine = machineForThreads(NR_BLOCKS, 'bytes');
  const mm = createProcess(machine, 0);
  mapMemory(machine, mm, { start: FIRST_VPN, nrPages: NR_PAGES, flags: VM_WRITE, file: 0, offset: 0 });
  const shared = shareMachine(machine);
  const stage = createStage();
  const memory = { mm, firstVpn: FIRST_VPN, nrPages: NR_PAGES, firstWord: 8, nrWords: 4 };
  const process = play({ role: 'access', shared, stage, cpu: 1, ...memory });
  awaitCue(stage, CUE_TRANSLATED);
  const blocks = Array.from({ length: NR_BLOCKS - 2 }, (_, at) => at + 2);
  const migrator = protocol && play({ role: 'roam', shared, stage, cpu: 0, protocol, blocks, duty });
  if (migrator !== null) awaitCue(stage, CUE_READY);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  stopAll(shared);
  const { accesses, ms, wrong } = (await process.done) as Accessed;
  const roamed = ((await migrator?.done) ?? { migrated: 0, ms: 1, cpuMs: 1 }) as Roamed;
  return {
    pagesPerSecond: Math.round((roamed.migrated / roamed.ms) * 1000),
    accessesPerSecond: Math.round((accesses / ms) * 1000),
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

const of = (name: string, what: 'pagesPerSecond' | 'accessesPerSecond') => median(runs[name]!.map((run) => run[what]));
/** Of runs of one round each, as what else a machine does changes from round to round. */
const ratio = (name: string, to: string, what: 'pagesPerSecond' | 'accessesPerSecond') =>
  Number(median(runs[name]!.map((run, round) => run[what] / runs[to]![round]![what])).toFixed(3));
const wrong = (name: string) => runs[name]!.reduce((sum, run) => sum + run.wrong, 0);
const right = ['safe', 'alone', 'tenth'];
const ratios = {
  migrationToNoShootdown: ratio('safe', 'noShootdown', 'pagesPerSecond'),
  migrationToCopyThenSwitch: ratio('safe', 'copyThenSwitch', 'pagesPerSecond'),
  accessWithTenthToAlone: ratio('tenth', 'alone', 'accessesPerSecond'),
};
const sound = right.every((name) => wrong(name) === 0 && runs[name]!.every(({ broken }) => broken.length === 0));
console.log(
  JSON.stringify(
    {
      rounds: ROUNDS,
      seconds: SECONDS,
      cases: Object.fromEntries(
        Object.keys(CASES).map((name) => [
          name,
          {
            pagesPerSecond: of(name, 'pagesPerSecond'),
            accessesPerSecond: of(name, 'accessesPerSecond'),
            wrongLoads: wrong(name),
          },
        ]),
      ),
      ratios,
      ratioMin: RATIO_MIN,
      sound,
    },
    null,
    2,
  ),
);
process.exitCode = sound && Object.values(ratios).every((value) => value >= RATIO_MIN) ? 0 : 1;
