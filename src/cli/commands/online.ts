import { VacateError } from '../../base/vacate-error.js';
import { type OnlineAttempt, runOnline } from '../../linux/hotplug/online-run.js';
import { type WantedZone, wordOnline } from '../../linux/hotplug/state-words.js';
import type { StateWrite } from '../../linux/hotplug/state-writer.js';
import { WALL_CLOCK } from '../../linux/hotplug/wall-clock.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf } from '../../linux/live-files.js';
import type { SysfsBlock } from '../../linux/sysfs-memory.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import { treeOf } from '../host-tree.js';
import { type LiveBlocks, selectLiveBlocks } from '../live/live-blocks.js';
import { checkWritable, openLiveRun } from '../live/live-run.js';
import { checkSight } from '../live/live-sight-wish.js';
import { type OnlinePlan, onlineJson, onlineText } from '../live/online-report.js';
import { LiveRecording } from '../record/live-recording.js';
import { checkSelection, type Selection } from '../select-blocks.js';

export interface OnlineOptions extends Selection {
  readonly zone?: WantedZone;
  readonly commit?: boolean;
  readonly journal?: string;
  readonly root?: string;
  /** File in which the run is recorded. */
  readonly record?: string;
  readonly json?: boolean;
}

/** `vacate online live`: brings memory blocks online, the lowest first, as chmem does. */
export async function online(context: Context, machineName: string, options: OnlineOptions): Promise<number> {
  if (machineName !== 'live')
    throw new VacateError('usage', `online works on a real host only; write "live", not "${machineName}"`);
  checkSelection(options);
  await checkSight(options);
  const tree = treeOf(options.root);
  const machine = hostNameOf(tree);
  const selected = selectLiveBlocks(tree, machine, options);
  const plan: OnlinePlan = { ...selected, machine, orders: ordersFor(selected, options.zone ?? null) };
  const carryOut = () => commit(context, tree, plan, options);
  const done = options.commit === true ? await context.interrupts.whileAtStake(LAST_BLOCK, carryOut) : null;
  if (options.json === true) printJson(context, onlineJson(plan, done));
  else context.print(onlineText(plan, done, context.palette).join('\n'));
  return exitCodeFor(plan, done, context.interrupts.interrupted);
}

const LAST_BLOCK = 'waiting for the kernel to let go of the last write';

/** Blocks that are offline, and the word for each; refused before anything is written if one cannot go there. */
function ordersFor({ blocks }: LiveBlocks, zone: WantedZone | null): OnlinePlan['orders'] {
  const offline = blocks.filter(({ state }) => state === BLOCK_OFFLINE);
  return offline.map(({ block, zones, areZonesKnown }: SysfsBlock) => {
    const word = wordOnline(zone, areZonesKnown ? zones : null);
    if (word !== null) return { block, word };
    throw new VacateError(
      'range',
      `memory block ${block} cannot go to a ${zone} zone; it may go to ${zones.join(' or ') || 'none'}`,
    );
  });
}

export interface OnlineDone {
  readonly attempts: readonly OnlineAttempt[];
  readonly writes: readonly StateWrite[];
  readonly states: ReadonlyMap<BlockId, string>;
  readonly zones: ReadonlyMap<BlockId, string | null>;
}

async function commit(
  context: Context,
  tree: LinuxTree,
  { blocks, blockBytes, orders }: OnlinePlan,
  { journal, record }: OnlineOptions,
): Promise<OnlineDone> {
  const live = openLiveRun(tree, blockBytes, journal);
  let recording: LiveRecording | null = null;
  let outcome = 'failed';
  try {
    checkWritable(
      tree,
      orders.map(({ block }) => block),
    );
    await context.interrupts.breathe();
    recording = await LiveRecording.of(context, record, tree);
    const { states } = live;
    const writer = live.begin('online');
    const { interrupts } = context;
    const attempts = await runOnline({
      blocks: orders,
      states,
      writer,
      clock: WALL_CLOCK,
      interrupted: () => interrupts.interrupted,
      onAttempt: ({ block, word, error, problem }) => {
        recording?.lookAtState(block);
        const because = problem ?? (error === null ? null : `the kernel did not take "${word}" (${error})`);
        if (because !== null) recording?.gaveUp(block, because);
      },
      onBlock: (done, total) => context.progress.update({ label: 'bringing online', done, total, unit: 'blocks' }),
    });
    const came = attempts.filter(hasCome).length;
    outcome = interrupts.interrupted
      ? 'interrupted'
      : came === orders.length
        ? 'done'
        : came > 0
          ? 'partial'
          : 'refused';
    const now = blocks.map(({ block }) => [block, states.read(block)] as const);
    return {
      attempts,
      writes: writer.writes,
      states: new Map(now.map(([block, read]) => [block, BLOCK_STATE_NAMES[read?.state ?? 0]])),
      zones: new Map(now.map(([block, read]) => [block, read?.zones[0] ?? null])),
    };
  } finally {
    context.progress.stop();
    await recording?.end(outcome);
    await live.close();
  }
}

function exitCodeFor({ orders }: OnlinePlan, done: OnlineDone | null, interrupted: boolean): number {
  if (done === null) return EXIT_DONE;
  const came = done.attempts.filter(hasCome).length;
  if (came === orders.length) return EXIT_DONE;
  if (interrupted) return EXIT_INTERRUPTED;
  return came > 0 ? EXIT_PARTIAL : EXIT_REFUSED;
}

function hasCome({ error, problem }: OnlineAttempt): boolean {
  return error === null && problem === null;
}
