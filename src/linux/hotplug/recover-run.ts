import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import type { RunLog } from '../journal/journal.js';
import type { JournaledRun } from '../journal/journal-runs.js';
import type { BlockStates, Clock } from './block-states.js';
import { type BroughtBack, bringBack } from './bring-back.js';
import { isAlive, type ProcessIdentity } from './process-identity.js';
import { StateWriter } from './state-writer.js';

/** What a killed run left, as things stand now. */
export interface Remains {
  readonly run: string;
  readonly command: string;
  /** The machine has been started since: its blocks are as the new kernel made them, and there is nothing to undo. */
  readonly isOfEarlierBoot: boolean;
  /** Blocks that it took and that are offline now, or on their way there; the last taken first. */
  readonly blocks: ReadonlyArray<{ readonly block: BlockId; readonly zone: string | null }>;
  /** Blocks that it took and that are not there any more: ejected. */
  readonly gone: readonly BlockId[];
  /** Processes of its own that still write, though nobody listens to them. */
  readonly writers: readonly ProcessIdentity[];
}

/** What killed runs have left; changes nothing. */
export function remainsOf(run: JournaledRun, states: BlockStates, boot: string | null): Remains {
  const isOfEarlierBoot = run.boot !== boot;
  const taken = isOfEarlierBoot ? [] : run.blocks.filter(({ offline }) => offline !== 'no').reverse();
  const stateOf = ({ block }: { readonly block: BlockId }) => states.read(block)?.state;
  return {
    run: run.run,
    command: run.command,
    isOfEarlierBoot,
    blocks: taken
      .filter((each) => [BLOCK_OFFLINE, BLOCK_GOING_OFFLINE].includes(stateOf(each) ?? -1))
      .map(({ block, zone }) => ({ block, zone })),
    gone: taken.filter((each) => stateOf(each) === undefined).map(({ block }) => block),
    writers: isOfEarlierBoot ? [] : run.writers.filter(isAlive),
  };
}

export interface Recovery extends Remains {
  readonly broughtBack: readonly BroughtBack[];
  /** All is as it was before that run, ejected blocks apart. */
  readonly isRecovered: boolean;
}

export interface RecoverTask {
  readonly states: BlockStates;
  readonly log: RunLog;
  readonly clock: Clock;
  readonly boot: string | null;
  /** Ends a process that is known to be a writer of ours. */
  readonly end: (writer: ProcessIdentity) => void;
  /** Told of each block that was to be brought back. */
  readonly onBack?: ((back: BroughtBack) => void) | undefined;
}

const WRITER_MS_MAX = 5000;
const LOOK_MS = 50;

/** Undoes what one killed run has left, and notes it in the journal: once that is done, the run is over. */
export async function recoverRun(run: JournaledRun, task: RecoverTask): Promise<Recovery> {
  const { states, log, clock, boot } = task;
  const before = remainsOf(run, states, boot);
  await endWriters(before.writers, task);
  // Only now: what was on its way offline has arrived there, or is back.
  const remains = remainsOf(run, states, boot);
  const writer = new StateWriter(states, log, run.run, clock, run.nrWrites);
  const broughtBack = await bringBack({ blocks: remains.blocks, states, writer, clock, onBack: task.onBack });
  const isRecovered = remains.writers.length === 0 && broughtBack.every(({ isBack }) => isBack);
  if (isRecovered) writer.end('recovered');
  return { ...remains, writers: before.writers, broughtBack, isRecovered };
}

async function endWriters(writers: readonly ProcessIdentity[], { end, clock }: RecoverTask): Promise<void> {
  for (const writer of writers) end(writer);
  const patienceMs = clock.now() + WRITER_MS_MAX;
  while (writers.some(isAlive) && clock.now() < patienceMs) await clock.sleep(LOOK_MS);
}
