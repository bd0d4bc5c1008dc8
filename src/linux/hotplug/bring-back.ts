import { VacateError } from '../../base/vacate-error.js';
import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE, BLOCK_ONLINE } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import type { SysfsBlock } from '../sysfs-memory.js';
import type { BlockStates, Clock } from './block-states.js';
import { wordBackTo } from './state-words.js';
import type { StateWriter } from './state-writer.js';

/** What became of a block that was to be online again. */
export interface BroughtBack {
  readonly block: BlockId;
  /** The zone that it had; null if the kernel did not say. */
  readonly zone: string | null;
  /** Online, in that zone. */
  readonly isBack: boolean;
  /** Why not; null if it is. */
  readonly because: string | null;
}

export interface BringBackTask {
  readonly blocks: ReadonlyArray<{ readonly block: BlockId; readonly zone: string | null }>;
  readonly states: BlockStates;
  readonly writer: StateWriter;
  readonly clock: Clock;
  readonly onBack?: ((back: BroughtBack) => void) | undefined;
}

/** Onlining is short; what takes longer waits for somebody else's lock. */
const WRITE_MS_MAX = 5000;
/** Node may be slow to start on a host that has no memory left. */
const READY_MS_MAX = 60_000;
/** While another block is on its way, the kernel says EBUSY or EAGAIN to everybody else. */
const TRIES = 3;
const AGAIN_MS = 100;

/** Brings blocks back online, each into the zone it had. One that cannot be does not keep the others away. */
export async function bringBack(task: BringBackTask): Promise<BroughtBack[]> {
  const back: BroughtBack[] = [];
  for (const { block, zone } of task.blocks) {
    const because = await bringBackOne(task, block, zone);
    back.push({ block, zone, isBack: because === null, because });
    task.onBack?.(back.at(-1)!);
  }
  return back;
}

/** Why it is not back, or null. An error about one block is not one about the others. */
async function bringBackOne(task: BringBackTask, block: BlockId, zone: string | null): Promise<string | null> {
  try {
    return await tryToBringBack(task, block, zone);
  } catch (error) {
    if (VacateError.is(error)) return error.message;
    throw error;
  }
}

async function tryToBringBack(
  { states, writer, clock }: BringBackTask,
  block: BlockId,
  zone: string | null,
): Promise<string | null> {
  const word = wordBackTo(zone);
  for (let tries = 1; ; tries++) {
    const before = states.read(block);
    if (before === null) return 'there is no such block any more';
    if (before.state === BLOCK_ONLINE) return because(before, zone);
    const order = { word, block, before: { state: 'offline', zone }, evenUnnoted: true } as const;
    await clock.within(READY_MS_MAX, states.writer());
    const problem = await bounded(writer.write(order), states, clock);
    const after = states.read(block);
    if (after?.state === BLOCK_ONLINE) return because(after, zone);
    if (tries < TRIES) await clock.sleep(AGAIN_MS);
    else return `the kernel did not take "${word}"${problem === null ? '' : ` (${problem})`}`;
  }
}

/** A write that is ended if it takes too long; what went wrong with it, or null. */
async function bounded(writing: Promise<string | null>, states: BlockStates, clock: Clock): Promise<string | null> {
  const ended = writing.catch((error: unknown) => {
    if (VacateError.is(error)) return error.message;
    throw error;
  });
  if ((await clock.within(WRITE_MS_MAX, ended)) || (await states.interrupt())) return ended;
  return 'it does not let go of the write';
}

function because({ state, zones }: SysfsBlock, zone: string | null): string | null {
  if (state === BLOCK_OFFLINE) return 'it is offline';
  if (state === BLOCK_GOING_OFFLINE) return 'the kernel still tries to take it offline';
  return zone === null || zones[0] === zone ? null : `it is in zone ${zones[0] ?? 'none'} now, not in ${zone}`;
}
