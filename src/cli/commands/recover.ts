import { isAlive } from '../../linux/hotplug/process-identity.js';
import { type Recovery, type Remains, recoverRun, remainsOf } from '../../linux/hotplug/recover-run.js';
import { SysfsBlockStates } from '../../linux/hotplug/sysfs-block-states.js';
import { WALL_CLOCK } from '../../linux/hotplug/wall-clock.js';
import { bootOf, Journal, readJournal } from '../../linux/journal/journal.js';
import type { JournaledRun } from '../../linux/journal/journal-runs.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf } from '../../linux/live-files.js';
import { readSysfsMemory } from '../../linux/sysfs-memory.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.js';
import { treeOf } from '../host-tree.js';
import { journalPath } from '../live/live-run.js';
import type { Palette } from '../palette.js';
import { nameBlocks } from '../parse-blocks.js';
import { LiveRecording } from '../record/live-recording.js';
import { checkRecord } from '../record/record-wish.js';
import { countOf, wrap } from '../wording.js';

export interface RecoverOptions {
  readonly dryRun?: boolean;
  readonly journal?: string;
  readonly root?: string;
  /** File in which what is done is recorded. */
  readonly record?: string;
  readonly json?: boolean;
}

/** `vacate recover`: undoes what runs that were killed have left, by their journal. */
export async function recover(context: Context, options: RecoverOptions): Promise<number> {
  const tree = treeOf(options.root);
  const path = journalPath(tree, options.journal);
  const isDry = options.dryRun === true;
  await checkRecord(options.record);
  const isKilled = ({ outcome }: JournaledRun) => outcome === null;
  // Without such a run there is nothing to write, so nothing is locked or made.
  const killed = readJournal(path).filter(isKilled);
  const runs =
    killed.length === 0 || isDry
      ? killed.map((run) => looked(tree, run))
      : await context.interrupts.whileAtStake(RECOVERING, () => recoverAll(context, tree, path, options.record));
  const isRecovered = runs.every((run) => 'isRecovered' in run && run.isRecovered);
  if (options.json === true) {
    const machine = hostNameOf(tree);
    printJson(context, { command: 'recover', machine, journal: path, dryRun: isDry, recovered: isRecovered, runs });
  } else context.print(recoverText(path, runs, context.palette).join('\n'));
  return isDry || isRecovered ? EXIT_DONE : EXIT_REFUSED;
}

const RECOVERING = 'putting back what an earlier run has left, which is short and must not stop half-way';

function looked(tree: LinuxTree, run: JournaledRun): Remains {
  return remainsOf(run, new SysfsBlockStates(tree, readSysfsMemory(tree).blockBytes), bootOf(tree));
}

/** Ctrl-C does not stop it: it is what puts things right, and short. */
async function recoverAll(
  context: Context,
  tree: LinuxTree,
  path: string,
  record: string | undefined,
): Promise<Recovery[]> {
  const journal = new Journal(path);
  const states = new SysfsBlockStates(tree, readSysfsMemory(tree).blockBytes);
  let recording: LiveRecording | null = null;
  let outcome = 'failed';
  try {
    recording = await LiveRecording.of(context, record, tree);
    const recoveries: Recovery[] = [];
    for (const run of journal.unfinished) {
      recoveries.push(
        await recoverRun(run, {
          states,
          log: journal,
          clock: WALL_CLOCK,
          boot: bootOf(tree),
          onBack: ({ block, because }) => {
            recording?.lookAtState(block);
            if (because !== null) recording?.gaveUp(block, because);
          },
          end: (writer) => {
            if (isAlive(writer)) process.kill(writer.pid, 'SIGKILL');
          },
        }),
      );
    }
    outcome = recoveries.every(({ isRecovered }) => isRecovered) ? 'done' : 'refused';
    return recoveries;
  } finally {
    await recording?.end(outcome);
    await states.close();
    journal.close();
  }
}

function recoverText(path: string, runs: readonly (Remains | Recovery)[], palette: Palette): string[] {
  if (runs.length === 0) return [wrap(`Nothing to recover: ${path} knows of no run that was killed.`, 80)];
  return runs.flatMap((run) => {
    const head = palette.bold(`Run ${run.run} (${run.command}) was killed.`);
    return [head, ...runLines(run, palette).map((line) => `  ${wrap(line, 78, '  ')}`)];
  });
}

function runLines(run: Remains | Recovery, palette: Palette): string[] {
  const lines: string[] = [];
  if (run.isOfEarlierBoot) lines.push('The machine has been restarted since, so there is nothing to undo.');
  if (run.writers.length > 0)
    lines.push(
      `${countOf(run.writers.length, 'process')} of it still wrote (${run.writers.map(({ pid }) => pid).join(', ')}).`,
    );
  if (run.gone.length > 0)
    lines.push(`Not there any more, as ejected memory is: ${nameBlocks([...run.gone].sort((a, b) => a - b))}.`);
  if (!('broughtBack' in run)) {
    for (const { block, zone } of run.blocks)
      lines.push(`Block ${block} would be brought back to zone ${zone ?? '(any)'}.`);
    if (run.blocks.length === 0) lines.push('None of its blocks is offline now.');
    return lines;
  }
  for (const { block, zone, because } of run.broughtBack)
    lines.push(
      because === null
        ? `${palette.good('✓')} Block ${block} is back in zone ${zone ?? '(any)'}.`
        : palette.bad(`✗ NOT AS BEFORE: block ${block}: ${because}.`),
    );
  if (run.broughtBack.length === 0) lines.push('None of its blocks was offline any more.');
  if (!run.isRecovered) lines.push('The run stays open in the journal; try again.');
  return lines;
}
