import { VacateError } from '../base/vacate-error.js';
import { mergeRefusals, type RefusalCount } from '../migration/migration-report.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import type { JobOutcome } from '../strategies/strategy.js';
import type { OfflineWork, ShardBlock } from './shard.js';
import type { GroupOptions, ShardGroup, ShardNode } from './shard-group.js';
import { refusalsAt, type ShardTotals, totalsOf } from './totals.js';

/** Blocks of any nodes, numbered over all of them; the strategy is named as commands name it. */
export interface ShardedOfflineRequest {
  readonly blocks: readonly BlockId[];
  readonly strategy?: string | undefined;
}

/** What became of the blocks of one node. */
export interface NodeOffline {
  readonly node: number;
  readonly name: string;
  readonly pagesMigrated: number;
  readonly cpuMs: number | null;
  /** Why nobody knows what became of it; null if it is well. */
  readonly lost: string | null;
}

/** An offline job over several nodes: all or none of its blocks, node by node. */
export interface ShardedOffline extends ShardTotals {
  readonly outcome: JobOutcome;
  /** Ascending; a block of a node that is lost is not among them. */
  readonly blocks: readonly ShardBlock[];
  readonly refusals: readonly RefusalCount[];
  /** Nodes that had something to do. */
  readonly nodes: readonly NodeOffline[];
}

const OFFLINE = BLOCK_STATE_NAMES[BLOCK_OFFLINE];

/**
 * Takes blocks of several nodes offline, all of them or none. All nodes are asked before any of them begins, so that
 * pages which will never move cost nothing; if a node refuses after all, is lost, or the job is stopped, blocks that went
 * elsewhere are brought back. Pages that have moved by then stay where they are.
 *
 * @throws VacateError kind 'range' for a block that no node has, and as the strategy does.
 */
export async function offlineOn(
  group: ShardGroup,
  request: ShardedOfflineRequest,
  options: GroupOptions,
): Promise<ShardedOffline> {
  const { strategy } = request;
  const blocks = [...new Set(request.blocks)].sort((a, b) => a - b);
  const byNode = dealt(group.nodes, blocks);
  const ask = ({ node, facts }: ShardNode) => {
    const own = byNode[node]!;
    return own.length === 0 ? null : { request: { blocks: own, strategy }, weight: own.length * facts.blockPages };
  };
  const asked = await group.ask<'ask'>('ask', ask, options);
  const states = asked.map((answer) => answer ?? []);
  if (states.flat().some(({ refusals }) => refusals.length > 0) || isOver(group, byNode, options))
    return draw(group, blocks, byNode, states, []);
  const works: (OfflineWork | null)[] = [];
  let error: unknown = null;
  try {
    works.push(...(await group.ask('offline', ask, options)));
  } catch (cause) {
    error = cause;
  }
  const isDone = error === null && byNode.every((own, node) => own.length === 0 || isOffline(works[node] ?? null));
  if (!isDone) await bringBack(group, byNode);
  if (error !== null) throw error;
  const after = works.map((work, node) => (isDone ? (work?.blocks ?? []) : backAgain(work?.blocks ?? states[node]!)));
  return draw(group, blocks, byNode, after, works);
}

function isOver(group: ShardGroup, byNode: readonly (readonly BlockId[])[], { signal }: GroupOptions): boolean {
  return signal?.aborted === true || group.nodes.some(({ node, lost }) => byNode[node]!.length > 0 && lost !== null);
}

function isOffline(work: OfflineWork | null): boolean {
  return work?.blocks.every(({ state }) => state === OFFLINE) === true;
}

/**
 * Brings blocks back that are offline, numbered over all nodes.
 *
 * @throws VacateError kind 'range' for a block that no node has.
 */
export async function onlineOn(group: ShardGroup, blocks: readonly BlockId[]): Promise<void> {
  await bringBack(group, dealt(group.nodes, blocks));
}

/** Not to be stopped: it is what a stop wants done. Blocks that are online already are left alone. */
async function bringBack(group: ShardGroup, byNode: readonly (readonly BlockId[])[]): Promise<void> {
  await group.ask('online', ({ node }) => {
    const blocks = byNode[node]!;
    return blocks.length === 0 ? null : { request: { blocks }, weight: blocks.length };
  });
}

function backAgain(blocks: readonly ShardBlock[]): ShardBlock[] {
  return blocks.map((block) => (block.state === OFFLINE ? { ...block, state: 'online' } : block));
}

/** Each node's own blocks, by their number there. */
function dealt(nodes: readonly ShardNode[], blocks: readonly BlockId[]): BlockId[][] {
  const byNode = nodes.map((): BlockId[] => []);
  for (const block of blocks) {
    const node = nodes.find(
      ({ firstBlock, facts }) => block >= firstBlock && block < firstBlock + facts.blockState.length,
    );
    if (node === undefined) {
      const nr = nodes.reduce((sum, { facts }) => sum + facts.blockState.length, 0);
      throw new VacateError('range', `memory block ${block} is on no node; there are blocks 0 to ${nr - 1}`);
    }
    byNode[node.node]!.push(block - node.firstBlock);
  }
  return byNode;
}

function draw(
  group: ShardGroup,
  asked: readonly BlockId[],
  byNode: readonly (readonly BlockId[])[],
  states: readonly (readonly ShardBlock[])[],
  works: readonly (OfflineWork | null)[],
): ShardedOffline {
  const blocks = group.nodes.flatMap((node) =>
    node.lost === null ? (states[node.node] ?? []).map((block) => blockAt(node, block)) : [],
  );
  const done = works.filter((work) => work !== null);
  const nrOffline = blocks.filter(({ state }) => state === OFFLINE).length;
  return {
    ...totalsOf(done),
    outcome: nrOffline === asked.length ? 'done' : 'refused',
    blocks,
    refusals: mergeRefusals([
      ...blocks.map(({ refusals }) => refusals),
      ...group.nodes.map((node) => refusalsAt(node, works[node.node]?.overall ?? [])),
    ]),
    nodes: group.nodes
      .filter(({ node }) => byNode[node]!.length > 0)
      .map(({ node, facts, lost }) => ({
        node,
        name: facts.name,
        pagesMigrated: works[node]?.pagesMigrated ?? 0,
        cpuMs: works[node] == null ? 0 : works[node].cpuMs,
        lost,
      })),
  };
}

function blockAt(node: ShardNode, { block, refusals, ...rest }: ShardBlock): ShardBlock {
  return { ...rest, block: block + node.firstBlock, refusals: refusalsAt(node, refusals) };
}
