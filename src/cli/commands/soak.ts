import { VacateError } from '../../base/vacate-error.js';
import { loadPlugins } from '../../container/load-plugins.js';
import type { Counters } from '../../soak/counters.js';
import { parseFaultKinds } from '../../soak/fault-kinds.js';
import { fullRoster, pickFromRoster } from '../../soak/roster.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_REFUSED } from '../exit-codes.js';
import { checkRecord } from '../record/record-wish.js';
import { LiveBlock } from '../soak/live-block.js';
import { openSoakMachine, type SoakMachine } from '../soak/soak-machine.js';
import type { SoakCrew } from '../soak/soak-recording.js';
import { runSoak, type SoakEnd, type SoakNow } from '../soak/soak-run.js';
import { liveLines, soakText } from '../soak/soak-text.js';
import { strategyNames } from '../strategy-names.js';

export interface SoakOptions {
  readonly threads: number;
  readonly migrators: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly rounds?: number;
  readonly bytes?: boolean;
  readonly strategy: string;
  readonly faults: string;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly seed?: number;
  readonly json?: boolean;
  readonly record?: string;
}

/** `vacate soak`: all strategies in turn, for a time, while threads use the memory that moves and things go wrong. */
export async function soak(context: Context, scenario: string | undefined, options: SoakOptions): Promise<number> {
  await checkRecord(options.record);
  const seconds = secondsOf(options);
  const faults = parseFaultKinds(options.faults);
  const roster = pickFromRoster(fullRoster(strategyNames()), options.strategy);
  await loadPlugins(options.plugin, { handlerTimeLimitMs: options.pluginTimeLimit });
  const { threads, migrators, bytes = false, seed, rounds = null } = options;
  const machine = openSoakMachine(context, { scenario, threads, migrators, bytes, seed });
  await context.interrupts.breathe();
  const block = new LiveBlock(process.stderr);
  let before: SoakNow | null = null;
  const onSecond = (now: SoakNow) => {
    block.draw(liveLines(now, before, context.palette));
    before = now;
  };
  const { signal } = context.interrupts;
  const { record: path } = options;
  const record = path === undefined ? null : await recorderOf(context, path, machine, { threads, migrators });
  const run = {
    migrators,
    seconds,
    rounds,
    roster,
    faults,
    plugins: options.plugin,
    handlerTimeLimitMs: options.pluginTimeLimit,
    signal,
    onSecond,
    record,
  };
  const end = await runSoak(machine, run).finally(() => block.clear());
  if (options.json === true) printJson(context, soakJson(machine, options, end));
  else context.print(soakText(machine.shared.spec.name, end, context.palette));
  if (end.ended === 'wrong') return EXIT_REFUSED;
  return end.ended === 'interrupted' ? EXIT_INTERRUPTED : EXIT_DONE;
}

/** What recordings are made with is loaded for those who want one. */
async function recorderOf(context: Context, path: string, machine: SoakMachine, crew: SoakCrew) {
  const { SoakRecording } = await import('../soak/soak-recording.js');
  return (counters: Counters) => new SoakRecording(context, path, machine, counters, crew);
}

const SECONDS = 60;
/** A soak that ends by rounds ends by time too, if its strategies never come to an end. */
const ROUNDS_SECONDS_MAX = 3600;

function secondsOf({ minutes, seconds, rounds }: SoakOptions): number {
  if (minutes !== undefined && seconds !== undefined)
    throw new VacateError('usage', '--minutes and --seconds say the same; leave one of them out');
  if (seconds !== undefined) return seconds;
  if (minutes !== undefined) return minutes * SECONDS;
  return rounds === undefined ? SECONDS : ROUNDS_SECONDS_MAX;
}

const round = (value: number) => Math.round(value * 10) / 10;

function soakJson({ shared, seed }: SoakMachine, { threads, migrators, bytes = false }: SoakOptions, end: SoakEnd) {
  const { report, seconds, cpuSeconds, ended, wrong, lastWrong, moves, broken, heap } = end;
  return {
    command: 'soak',
    machine: shared.spec.name,
    seed,
    threads,
    migrators,
    contents: bytes ? 'bytes' : 'token',
    ended,
    seconds: round(seconds),
    cpuSeconds: round(cpuSeconds),
    pagesMigratedPerSecond: Math.round(report.pagesMigrated / seconds),
    accessesPerSecond: Math.round(report.accesses / seconds),
    ...report,
    heap,
    wrong,
    lastWrong,
    moves,
    broken,
  };
}
