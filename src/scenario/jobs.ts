import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ONLINE, blocksOf } from '../mm/memory-block.js';
import type { BlockId, Order } from '../mm/units.js';
import type { Machine } from '../sim/machine.js';
import { parseBlockList } from './block-list.js';
import type { StatedJob, StatedOffline } from './job-schema.js';
import { layoutOf } from './layout.js';
import type { Scenario } from './schema.js';

/** Free blocks of 2^order pages to be made. */
export interface HighOrderJob {
  readonly kind: 'high-order';
  readonly order: Order;
  readonly count: number | 'all';
}

/** Memory blocks to be taken off line, all of them or none. */
export interface OfflineJob {
  readonly kind: 'offline';
  readonly blocks: readonly BlockId[];
  /** How people call them: "dimm1", "node right", "blocks 32-35". */
  readonly what: string;
}

/** Allocation requests of an order that arrive while other tasks run. */
export interface RequestsJob {
  readonly kind: 'requests';
  readonly order: Order;
  readonly requests: number;
  /** Virtual time from one to the next. */
  readonly everyNs: number;
  /** How long each keeps its block; Infinity for good. */
  readonly holdNs: number;
  /** True if the requester may wait until memory is made; else it is served at once or not at all. */
  readonly wait: boolean;
}

export type ScenarioJob = HighOrderJob | OfflineJob | RequestsJob;

/**
 * What a scenario wants done, with its names resolved to blocks of the machine that was built from it. Of a DIMM or node
 * those blocks are taken that are online.
 *
 * @throws VacateError kind 'range' if all memory of an offline job is off line already.
 */
export function jobsOf(scenario: Scenario, machine: Machine): readonly ScenarioJob[] {
  return scenario.jobs.map((job) => resolved(scenario, machine, job));
}

function resolved(scenario: Scenario, machine: Machine, job: StatedJob): ScenarioJob {
  switch (job.kind) {
    case 'high-order':
      return job;
    case 'offline':
      return offlineJob(scenario, machine, job);
    case 'requests': {
      const { kind, order, requests, every, hold, wait } = job;
      return { kind, order, requests, everyNs: every, holdNs: hold, wait };
    }
  }
}

function offlineJob(scenario: Scenario, machine: Machine, job: StatedOffline): OfflineJob {
  const { what, blocks: stated } = statedBlocks(scenario, job);
  const blocks = stated.filter((block) => machine.blockState[block] === BLOCK_ONLINE);
  if (blocks.length === 0) throw new VacateError('range', `${machine.spec.name}: ${what} is off line already`);
  return { kind: 'offline', blocks, what };
}

function statedBlocks(scenario: Scenario, { dimm, node, blocks }: StatedOffline): { what: string; blocks: BlockId[] } {
  if (blocks !== undefined) return { what: `blocks ${blocks}`, blocks: parseBlockList(blocks) ?? [] };
  const name = dimm ?? (node as string);
  const range = layoutOf(scenario).places.get(name)?.range ?? { start: 0, end: 0 };
  return { what: dimm === undefined ? `node ${name}` : name, blocks: blocksOf(range, scenario.blockSize) };
}
