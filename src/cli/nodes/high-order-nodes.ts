import type { ShardedHighOrder } from '../../shards/high-order-result.js';
import type { GroupOptions } from '../../shards/shard-group.js';
import { outcomeMark } from '../account-text.js';
import { timeoutRefusal } from '../carry-out.js';
import { factsOf, factsTable, headingOf, type SimulatedOptions } from '../commands/high-order.js';
import { type Context, printJson } from '../context.js';
import type { Palette } from '../palette.js';
import { writeNodesHtml } from './nodes-html.js';
import { closingText, nodesJson, nodesTable } from './nodes-text.js';
import { type DoneOnNodes, exitCodeOnNodes, onNodes } from './on-nodes.js';
import { openNodes } from './open-nodes.js';

/** `vacate high-order --threads`: blocks are made where they cost least of all nodes, and pages stay in theirs. */
export async function highOrderOnNodes(
  context: Context,
  machineName: string,
  options: SimulatedOptions & { readonly threads: number },
): Promise<number> {
  const { order, count, strategy, timeout = null } = options;
  const { name, seed, shards } = await openNodes(context, machineName, options);
  const wish = { path: options.record, isDrawn: options.html !== undefined, machine: name, seed };
  const work = (how: GroupOptions) => shards.highOrder({ order, count, strategy }, how);
  const done = await onNodes(context, shards, timeout, work, wish);
  const refusals = refusalsOf(done, timeout ?? 0);
  if (options.json === true) printJson(context, highOrderJson(name, seed, done, refusals));
  else context.print(highOrderText(name, done, refusals, context.palette).join('\n'));
  const { result } = done;
  const [heading, facts] = [headingOf(result), factsOf(result)];
  await writeNodesHtml(
    options.html,
    { command: 'high-order', machine: name, heading, facts, refusals, blocks: [], seed },
    done,
  );
  return exitCodeOnNodes(done);
}

type Done = DoneOnNodes<ShardedHighOrder>;
type Refusals = ShardedHighOrder['refusals'];

/** What was asked for and made is no matter of refusals. */
function refusalsOf({ result, isLate }: Done, timeoutMs: number): Refusals {
  const { outcome, refusals, asked, made, order } = result;
  if (outcome === 'done') return [];
  const pages = asked === 'all' ? 0 : (asked - made) * 2 ** order;
  return isLate ? [timeoutRefusal(timeoutMs, pages), ...refusals] : refusals;
}

function highOrderJson(machine: string, seed: number, done: Done, refusals: Refusals) {
  const { strategy, outcome, order, asked, made, freeBefore, candidates, lowerBound, scanned, ranges } = done.result;
  const { nodes, ...account } = nodesJson(done);
  return {
    command: 'high-order',
    machine,
    seed,
    strategy,
    outcome,
    order,
    asked,
    made,
    freeBefore,
    candidates,
    lowerBound,
    ...account,
    scanned,
    ranges,
    refusals,
    nodes,
  };
}

function highOrderText(machine: string, done: Done, refusals: Refusals, palette: Palette): string[] {
  const { result } = done;
  const { strategy, outcome, nodes, pagesMigrated } = result;
  const what = palette.bold(headingOf(result));
  return [
    `${outcomeMark(outcome, palette)} ${what} on ${machine}${strategy === null ? '' : `, by ${strategy}`}.`,
    '',
    factsTable(result, pagesMigrated, palette),
    '',
    nodesTable(nodes, palette),
    '',
    ...closingText(done, refusals, palette),
  ];
}
