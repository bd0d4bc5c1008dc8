import type { Shards } from '../../container/open-shards.js';
import type { RefusalCount } from '../../migration/migration-report.js';
import type { GroupOptions } from '../../shards/shard-group.js';
import type { ShardedOffline } from '../../shards/sharded-offline.js';
import { timeoutRefusal } from '../carry-out.js';
import { blockTable, headingOf, headline, type OfflineOptions } from '../commands/offline.js';
import { type Context, printJson } from '../context.js';
import type { Palette } from '../palette.js';
import { type BlockBook, selectBlocks } from '../select-blocks.js';
import { writeNodesHtml } from './nodes-html.js';
import { closingText, nodesJson, nodesTable } from './nodes-text.js';
import { type DoneOnNodes, exitCodeOnNodes, onNodes } from './on-nodes.js';
import { openNodes } from './open-nodes.js';

/** `vacate offline --threads`: blocks of all nodes go together or not at all, and their pages stay in their node. */
export async function offlineOnNodes(
  context: Context,
  machineName: string,
  options: OfflineOptions & { readonly threads: number },
): Promise<number> {
  const { strategy, timeout = null } = options;
  const { name, seed, shards } = await openNodes(context, machineName, options);
  const machine = allNodes(name, shards);
  const wish = { path: options.record, isDrawn: options.html !== undefined, machine: name, seed };
  const work = async (how: GroupOptions) => shards.offline({ blocks: selectBlocks(machine, options), strategy }, how);
  const done = await onNodes(context, shards, timeout, work, wish);
  const { blocks } = done.result;
  const refusals = refusalsOf(done, timeout ?? 0, blocks.length * machine.spec.blockPages);
  if (options.json === true) printJson(context, offlineJson(name, seed, done, refusals));
  else context.print(offlineText(machine, done, refusals, context.palette).join('\n'));
  const heading = headingOf(machine, done.result);
  await writeNodesHtml(
    options.html,
    { command: 'offline', machine: name, heading, facts: [], refusals, blocks, seed },
    done,
  );
  return exitCodeOnNodes(done);
}

/** The nodes as the one machine that they are to whoever names its memory. */
function allNodes(name: string, { nodes }: Shards): BlockBook {
  const blockPages = nodes[0]!.facts.blockPages;
  const dimms = nodes.flatMap(({ node, firstPfn, facts }) =>
    facts.dimms.map(({ name: dimm, range }) => {
      return { name: dimm, node, range: { start: range.start + firstPfn, end: range.end + firstPfn } };
    }),
  );
  return {
    spec: { name, blockPages, dimms },
    blockState: Uint8Array.from(nodes.flatMap(({ facts }) => facts.blockState)),
  };
}

type Done = DoneOnNodes<ShardedOffline>;
type Refusals = readonly RefusalCount[];

function refusalsOf({ result, isLate }: Done, timeoutMs: number, pages: number): Refusals {
  return isLate ? [timeoutRefusal(timeoutMs, pages), ...result.refusals] : result.refusals;
}

function offlineJson(machine: string, seed: number, done: Done, refusals: Refusals) {
  const { strategy, outcome, blocks } = done.result;
  const { nodes, ...account } = nodesJson(done);
  return { command: 'offline', machine, seed, strategy, outcome, ...account, blocks, refusals, nodes };
}

function offlineText(machine: BlockBook, done: Done, refusals: Refusals, palette: Palette): string[] {
  const { blocks, nodes } = done.result;
  const lines = [headline(machine, done.result, palette), ''];
  if (blocks.length > 1) lines.push(blockTable(done.result, palette), '');
  lines.push(nodesTable(nodes, palette), '');
  return [...lines, ...closingText(done, refusals, palette)];
}
