import type { HighOrderRequest } from '../strategies/strategy.js';
import { highOrderResult, type NodeOrderWork, type ShardedHighOrder } from './high-order-result.js';
import type { OrderSurvey } from './order-survey.js';
import { type Ask, byPages, type GroupOptions, type ShardGroup } from './shard-group.js';
import { lowerBoundOf, nrRanges, shareOut } from './share-out.js';

/** As for one machine; the strategy is named as commands name it. */
export type ShardedHighOrderRequest = Pick<HighOrderRequest, 'order' | 'count' | 'bound'> & {
  readonly strategy?: string | undefined;
};

type Surveys = readonly (OrderSurvey | null)[];

/**
 * Free blocks of an order, made where they cost least of all nodes. Nodes are surveyed, the count is shared out, each node
 * makes its share. What one could not make, for pages that refuse after all or for want of room, is shared out among the
 * others, until everything is made or every node has fallen short.
 *
 * @throws VacateError as the strategy does.
 */
export async function highOrderOn(
  group: ShardGroup,
  request: ShardedHighOrderRequest,
  options: GroupOptions,
): Promise<ShardedHighOrder> {
  const works = group.nodes.map((): NodeOrderWork => ({ asked: 0, done: [] }));
  const { count } = request;
  const surveys = count === 'all' ? null : await makeShares(group, { ...request, count }, works, options);
  if (count === 'all') {
    const answers = await group.ask('highOrder', byPages({ ...request, count }), options);
    for (const [node, work] of answers.entries()) if (work !== null) works[node]!.done.push(work);
  }
  return highOrderResult(group.nodes, request, works, surveys);
}

/** Round after round; returns what the first survey found. */
async function makeShares(
  group: ShardGroup,
  request: ShardedHighOrderRequest & { readonly count: number },
  works: readonly NodeOrderWork[],
  options: GroupOptions,
): Promise<Surveys> {
  const { order, count, bound } = request;
  const short = new Set<number>();
  let first: Surveys | null = null;
  for (let made = 0; made < count; ) {
    const survey = byPages<HighOrderRequest>({ order, count, bound: first === null && bound !== false });
    const surveys: Surveys = await group.ask('survey', (node) => (short.has(node.node) ? null : survey(node)), options);
    const shares = sharesOf(surveys, count - made, first !== null);
    first ??= surveys;
    if (!shares.some((share) => share > 0)) break;
    const askOf = (node: number) => askFor(request, shares[node]!, surveys[node] ?? null);
    const answers = await group.ask('highOrder', ({ node }) => askOf(node), options);
    for (const [node, share] of shares.entries()) {
      const work = answers[node] ?? null;
      works[node]!.asked += share;
      if (work !== null) works[node]!.done.push(work);
      if ((work?.made ?? 0) < share) short.add(node);
      made += work?.made ?? 0;
    }
    if (options.signal?.aborted === true) break;
  }
  return first ?? [];
}

/** Shares by node. At first somebody has to say why there are too few ranges; later only who has some is asked. */
function sharesOf(surveys: Surveys, count: number, isLater: boolean): number[] {
  const shares = surveys.map(() => 0);
  const nodes: number[] = [];
  const stocks: OrderSurvey[] = [];
  for (const [node, survey] of surveys.entries()) {
    if (survey === null || (isLater && nrRanges(survey) === 0)) continue;
    nodes.push(node);
    stocks.push(survey);
  }
  for (const [at, share] of shareOut(stocks, count).entries()) shares[nodes[at]!] = share;
  return shares;
}

function askFor(
  { order, bound, strategy }: ShardedHighOrderRequest,
  share: number,
  survey: OrderSurvey | null,
): Ask<'highOrder'> | null {
  if (share === 0 || survey === null) return null;
  const request = { order, count: share, strategy, ...(bound === undefined ? {} : { bound }) };
  return { request, weight: lowerBoundOf([survey], share) };
}
