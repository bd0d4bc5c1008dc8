import type { BlockForecast, Forecast, Verdict } from '../../forecast/verdict.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { hostNameOf, whyNoPages } from '../../linux/live-files.js';
import type { SysfsBlock } from '../../linux/sysfs-memory.js';
import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import type { Context } from '../context.js';
import { type Deadline, forecastAside } from '../forecast/forecast-aside.js';
import type { Selection } from '../select-blocks.js';
import { type LiveBlocks, selectLiveBlocks } from './live-blocks.js';

/** What is to be expected of one block of a plan. */
export interface PlannedVerdict {
  readonly verdict: Verdict | 'offline';
  /** Null if the pages cannot be seen. */
  readonly pagesToMove: number | null;
  /** Why, in a sentence; null where there is nothing to say. */
  readonly because: string | null;
}

/** What would be done with the memory blocks of a host, and what is to be expected of it. */
export interface OfflinePlan extends LiveBlocks {
  readonly machine: string;
  readonly verdicts: ReadonlyMap<BlockId, PlannedVerdict>;
  /** Null if the host does not show its pages; then nothing is known but what sysfs says. */
  readonly forecast: Forecast | null;
  /** Blocks that will be written to, in this order. */
  readonly order: readonly BlockId[];
  /** Why it cannot work, in a sentence; null if it may. */
  readonly refusal: string | null;
  readonly caveats: readonly string[];
  /** The forecast had not been made when time was up. */
  readonly isLate: boolean;
}

export interface PlanOptions extends Selection {
  readonly root?: string;
  readonly keepPartial?: boolean;
}

/** Forecasts what the kernel would do with the blocks of a selection, and in which order they are best taken. */
export async function planOffline(
  context: Context,
  tree: LinuxTree,
  options: PlanOptions,
  deadline: Deadline,
): Promise<OfflinePlan> {
  const machine = hostNameOf(tree);
  const selected = selectLiveBlocks(tree, machine, options);
  const obstacle = whyNoPages(tree);
  const question = { root: options.root, blocks: selected.blocks.map(({ block }) => block) };
  const made = obstacle === null ? await forecastAside(context, question, deadline) : null;
  const told = made?.forecast ?? null;
  const verdicts = new Map(selected.blocks.map((block) => [block.block, verdictOf(block, told)]));
  const willNot = (block: BlockId) => verdicts.get(block)?.verdict === 'will-not-go';
  const wanted = inOrder(selected.blocks, told).filter((block) => !willNot(block) || options.keepPartial !== true);
  return {
    ...selected,
    machine,
    verdicts,
    forecast: told,
    order: wanted,
    refusal: refusalOf(selected.blocks, verdicts, told, options.keepPartial === true),
    caveats: made?.caveats ?? [obstacle === null ? TOO_LATE : `No forecast is possible: ${obstacle}`],
    isLate: obstacle === null && made === null,
  };
}

const TOO_LATE = 'Time was up before the forecast had been made; allow more with --timeout.';

function verdictOf({ block, state, zones, areZonesKnown }: SysfsBlock, told: Forecast | null): PlannedVerdict {
  if (state === BLOCK_OFFLINE) return { verdict: 'offline', pagesToMove: 0, because: null };
  if (state === BLOCK_GOING_OFFLINE)
    return { verdict: 'will-not-go', pagesToMove: null, because: 'somebody else is taking it offline just now' };
  const own = told?.blocks.find((each) => each.block === block);
  if (areZonesKnown && zones.length === 0) {
    const because = 'it has holes or lies in more than one zone (valid_zones: none), so the kernel never takes it';
    return { verdict: 'will-not-go', pagesToMove: own?.pagesToMove ?? null, because };
  }
  if (own === undefined) return { verdict: 'cannot-know', pagesToMove: null, because: 'its pages cannot be seen' };
  return { verdict: own.verdict, pagesToMove: own.pagesToMove, because: decisiveReason(own) };
}

function decisiveReason({ reasons, verdict }: BlockForecast): string | null {
  return reasons.find(({ decides }) => decides === verdict)?.because ?? null;
}

/** Blocks that are online, those first whose pages should move first; from the highest down where nothing else is known. */
function inOrder(blocks: readonly SysfsBlock[], told: Forecast | null): BlockId[] {
  const online = blocks.filter(({ state }) => state !== BLOCK_OFFLINE).map(({ block }) => block);
  const known = (told?.together?.order.blocks ?? []).filter((block) => online.includes(block));
  return [...known, ...online.filter((block) => !known.includes(block)).reverse()];
}

function refusalOf(
  blocks: readonly SysfsBlock[],
  verdicts: ReadonlyMap<BlockId, PlannedVerdict>,
  told: Forecast | null,
  keepPartial: boolean,
): string | null {
  const online = blocks.filter(({ state }) => state !== BLOCK_OFFLINE);
  const never = online.filter(({ block }) => verdicts.get(block)?.verdict === 'will-not-go');
  if (never.length === 0) {
    const { together } = told ?? {};
    return together?.verdict === 'will-not-go' && !keepPartial ? together.because : null;
  }
  if (keepPartial && never.length < online.length) return null;
  const names = never.map(({ block }) => block).join(', ');
  const why = verdicts.get(never[0]!.block)?.because ?? null;
  const gist = `block${never.length === 1 ? '' : 's'} ${names} will not go${why === null ? '' : `: ${why}`}`;
  return gist;
}
