import { VacateError } from '../../base/vacate-error.js';
import type { CompareJob } from '../../compare/job.js';
import type { CompareMachine } from '../../container/compare-machine.js';
import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import { PAGEBLOCK_ORDER } from '../../mm/units.js';
import { jobsOf } from '../../scenario/index.js';
import type { Machine } from '../../sim/machine.js';
import { formatBlocks, parseBlocks } from '../parse-blocks.js';
import { blocksIn, selectBlocks } from '../select-blocks.js';

/** Jobs as the command line states them, in place of those of the machines. */
export interface StatedJobs {
  readonly order?: number;
  readonly count?: number | 'all';
  readonly dimm?: string;
  readonly blocks?: string;
}

/** @throws VacateError kind 'usage' for what makes no sense on any machine. */
export function checkStatedJobs({ order, count, dimm, blocks }: StatedJobs): void {
  if (count !== undefined && order === undefined)
    throw new VacateError('usage', '--count says how many blocks, but not of which order; add --order 9');
  if (dimm !== undefined && blocks !== undefined)
    throw new VacateError('usage', '--dimm and --blocks both say what goes offline; keep one');
  if (blocks !== undefined) parseBlocks(blocks);
}

/**
 * What is asked of a machine: what the command line says; else what its scenario says; else all blocks of 2 MiB, and the
 * last DIMM, or the highest block of zone Movable, offline.
 */
export function jobsFor({ machine, scenario }: CompareMachine, stated: StatedJobs): readonly CompareJob[] {
  const { order, count = 'all', dimm, blocks } = stated;
  const jobs: CompareJob[] = [];
  if (order !== undefined) jobs.push({ kind: 'high-order', order, count });
  if (dimm !== undefined) jobs.push({ kind: 'offline', blocks: selectBlocks(machine, { dimm }), what: dimm });
  if (blocks !== undefined)
    jobs.push({ kind: 'offline', blocks: selectBlocks(machine, { blocks }), what: `blocks ${blocks}` });
  if (jobs.length > 0) return jobs;
  const own = scenario === null ? [] : jobsOf(scenario, machine);
  return own.length > 0 ? own : defaultJobs(machine);
}

function defaultJobs(machine: Machine): CompareJob[] {
  const highOrder: CompareJob = { kind: 'high-order', order: PAGEBLOCK_ORDER, count: 'all' };
  const offline = lastDimm(machine) ?? highestMovableBlock(machine);
  return offline === null ? [highOrder] : [highOrder, offline];
}

function lastDimm(machine: Machine): CompareJob | null {
  for (const dimm of [...machine.spec.dimms].reverse()) {
    const blocks = blocksIn(machine, dimm).filter((block) => machine.blockState[block] === BLOCK_ONLINE);
    if (blocks.length > 0) return { kind: 'offline', blocks, what: dimm.name };
  }
  return null;
}

function highestMovableBlock(machine: Machine): CompareJob | null {
  const { blockPages, zones } = machine.spec;
  for (let block = machine.blockState.length - 1; block >= 0; block--) {
    const { start, end } = blockRange(block, blockPages);
    const isMovable = zones.some((zone) => zone.kind === 'Movable' && zone.start <= start && end <= zone.end);
    if (isMovable && machine.blockState[block] === BLOCK_ONLINE)
      return { kind: 'offline', blocks: [block], what: `block ${formatBlocks([block])}` };
  }
  return null;
}
