import { suggestion } from '../base/nearest.js';
import type { Prng } from '../base/prng.js';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ONLINE, blockRange } from '../mm/memory-block.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC } from '../mm/migrate-mode.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { BlockId } from '../mm/units.js';
import type { Machine } from '../sim/machine.js';
import { migrateList } from '../strategies/evacuate.js';
import type { Job } from '../strategies/strategy.js';
import type { EvacuatorPort, SoakResult } from './evacuator-port.js';

export type SoakFrontEnd = 'offline' | 'high-order' | 'reclaim' | 'pages';

/** One way to move pages, as the soak takes them in turn. */
export interface RosterEntry {
  readonly frontEnd: SoakFrontEnd;
  /** What commands call the strategy. */
  readonly label: string;
}

/** What is no strategy's: pages moved one list at a time, wherever they are (move_pages). */
export const MOVE_PAGES: RosterEntry = { frontEnd: 'pages', label: 'move-pages' };

/** Strategies by front end, as an evacuator names them. */
export interface StrategyLabels {
  readonly offline: readonly string[];
  readonly highOrder: readonly string[];
  readonly reclaim: readonly string[];
}

/** Every strategy of all front ends, and lists of pages. */
export function fullRoster({ offline, highOrder, reclaim }: StrategyLabels): RosterEntry[] {
  const of = (frontEnd: SoakFrontEnd, labels: readonly string[]) => labels.map((label) => ({ frontEnd, label }));
  return [...of('offline', offline), ...of('high-order', highOrder), ...of('reclaim', reclaim), MOVE_PAGES];
}

/**
 * Those of a roster that a list names: "all", names ("compaction", in every front end that has one), or names with their
 * front end ("offline/merged").
 *
 * @throws VacateError kind 'usage' that names the nearest one that there is.
 */
export function pickFromRoster(roster: readonly RosterEntry[], text: string): RosterEntry[] {
  if (text === 'all') return [...roster];
  const wanted = text.split(',').map((name) => name.trim());
  const isNamed = (name: string, { frontEnd, label }: RosterEntry) => name === label || name === `${frontEnd}/${label}`;
  for (const name of wanted)
    if (!roster.some((entry) => isNamed(name, entry)))
      throw new VacateError(
        'usage',
        `there is no strategy ${quoted(name)}; ${suggestion(name, ['all', ...roster.map(({ label }) => label)])}`,
      );
  return roster.filter((entry) => wanted.some((name) => isNamed(name, entry)));
}

/** Of so many jobs that take memory offline one asks for single blocks, the others for a DIMM. */
const SINGLE_BLOCKS = 3;
const LIST_PAGES = 4096;
const ORDER_MAX = 10;

/** Blocks that are to be taken offline: those that are online, of a DIMM or of a few blocks. */
function chooseBlocks(m: Machine, dimmBlocks: ReadonlyArray<readonly BlockId[]>, prng: Prng): BlockId[] {
  const dimm = dimmBlocks[prng.below(dimmBlocks.length)]!.filter((block) => m.blockState[block] === BLOCK_ONLINE);
  if (prng.below(SINGLE_BLOCKS) !== 0 || dimm.length === 0) return dimm;
  return [dimm[prng.below(dimm.length)]!];
}

/** The blocks of the smallest zone that a whole node's removable memory makes up: what empties zones can go for that. */
function smallestZone(m: Machine): BlockId[] {
  const zones = m.spec.zones.filter(({ kind }) => kind === 'Movable');
  const smallest = zones.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
  if (smallest === undefined) return [];
  const blocks: BlockId[] = [];
  for (let block = 0; block < m.blockState.length; block++) {
    const { start, end } = blockRange(block, m.spec.blockPages);
    if (start >= smallest.start && end <= smallest.end && m.blockState[block] === BLOCK_ONLINE) blocks.push(block);
  }
  return blocks;
}

/** Blocks of each DIMM. */
export function blocksByDimm({ spec }: Machine): BlockId[][] {
  return spec.dimms.map(({ range }) => {
    const blocks: BlockId[] = [];
    for (let block = range.start / spec.blockPages; block < range.end / spec.blockPages; block++) blocks.push(block);
    return blocks;
  });
}

/**
 * The next job of an entry; what it asks for is drawn. In the kernel: it looks at what is online.
 *
 * @throws VacateError kind 'usage' if the strategy does not apply to this machine at all.
 */
export function nextJob(evacuator: EvacuatorPort, m: Machine, entry: RosterEntry, prng: Prng): Job<SoakResult> {
  const { label } = entry;
  switch (entry.frontEnd) {
    case 'offline':
      return offlineJob(evacuator, m, label, prng);
    case 'high-order':
      return evacuator.highOrder({ order: 1 + prng.below(ORDER_MAX), count: 1 + prng.below(8), bound: false }, label);
    case 'reclaim':
      return evacuator.reclaim({ order: prng.below(ORDER_MAX + 1) }, label);
    case 'pages':
      return movePages(evacuator, m, prng);
  }
}

function offlineJob(evacuator: EvacuatorPort, m: Machine, label: string, prng: Prng): Job<SoakResult> {
  const dimms = blocksByDimm(m);
  const blocks = dimms.length === 0 ? smallestZone(m) : chooseBlocks(m, dimms, prng);
  try {
    return evacuator.offline({ blocks }, label);
  } catch (error) {
    if (!VacateError.is(error) || error.kind !== 'usage') throw error;
    return evacuator.offline({ blocks: smallestZone(m) }, label);
  }
}

function* movePages(evacuator: EvacuatorPort, m: Machine, prng: Prng): Job<SoakResult> {
  const pfns = new Uint32Array(LIST_PAGES);
  let nr = 0;
  for (let pfn = prng.below(m.spec.nrPfns); pfn < m.spec.nrPfns && nr < LIST_PAGES; pfn++)
    if ((m.flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) === 0) pfns[nr++] = pfn;
  const mode = prng.chance(0.5) ? MIGRATE_SYNC : MIGRATE_ASYNC;
  const report = yield* migrateList(evacuator.service, { pfns: pfns.slice(0, nr), mode });
  return { outcome: report.migrated === 0 ? 'refused' : report.refused.length > 0 ? 'partial' : 'done' };
}
