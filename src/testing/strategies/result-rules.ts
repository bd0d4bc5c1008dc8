import type { FrontEnd } from '../../events/range-events.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES, blockRange } from '../../mm/memory-block.js';
import { contains, type PfnRange } from '../../mm/pfn-range.js';
import { formatPfn, type Pfn } from '../../mm/units.js';
import { countFreeRanges } from '../../strategies/high-order/free-ranges.js';
import { sumOfCosts } from '../../strategies/high-order/order-account.js';
import { cheapestFirst, rangeCosts } from '../../strategies/high-order/range-costs.js';
import type {
  HighOrderRequest,
  HighOrderResult,
  OfflineRequest,
  OfflineResult,
  ReclaimRequest,
  ReclaimResult,
} from '../../strategies/strategy.js';
import { check, checkSame } from '../conformance.js';
import type { AnyRequest, Run, StrategyCase, Trial } from './trial.js';

type Ask = () => AnyRequest;

/** What a job says that it did. */
export function resultRules(frontEnd: FrontEnd, trial: () => Trial, asked: Ask): StrategyCase[] {
  const all: StrategyCase[] = [
    {
      name: 'there is something to do',
      rule: 'has-work',
      run: () => {
        const request = asked();
        const run = trial().open();
        const { pagesMigrated, pagesReclaimed } = run.finish(request).result;
        check(pagesMigrated + pagesReclaimed > 0, 'it neither moves nor reclaims a page; give it a machine of its own');
      },
    },
    { name: 'the result adds up', rule: 'result-adds-up', run: () => addsUp(frontEnd, trial(), asked()) },
    { name: 'only what was asked for moves', rule: 'asked-alone', run: () => asksAlone(frontEnd, trial(), asked()) },
  ];
  if (frontEnd === 'high-order')
    all.push({
      name: 'the lower bound is the true one, and nobody goes below it',
      rule: 'bound-is-respected',
      run: () => boundIsTrue(trial(), asked() as HighOrderRequest),
    });
  return all;
}

function addsUp(frontEnd: FrontEnd, trial: Trial, request: AnyRequest): void {
  const run = trial.open();
  const freeBefore = frontEnd === 'high-order' ? freeRanges(run, request as HighOrderRequest) : 0;
  const { result } = run.finish(request);
  const { moved, pagesMigrated, pagesReclaimed } = result;
  const { name } = run.strategy;
  check(result.strategy.startsWith(name), `the result is of "${result.strategy}", and the strategy is "${name}"`);
  checkSame(moved.sources.length, moved.targets.length, 'the number of pages that stand somewhere else now');
  checkSame(pagesMigrated, moved.sources.length, 'the number of pages that are said to have moved');
  checkSame(pagesReclaimed, run.reclaimed, 'the number of pages that are said to have been reclaimed');
  for (const [i, source] of moved.sources.entries())
    check(source !== moved.targets[i], `${formatPfn(source)} is said to have moved to where it was`);
  if (frontEnd === 'high-order') blocksAddUp(run, request as HighOrderRequest, result as HighOrderResult, freeBefore);
  if (frontEnd === 'offline') statesAddUp(run, request as OfflineRequest, result as OfflineResult);
  if (frontEnd === 'reclaim')
    checkSame((result as ReclaimResult).order, (request as ReclaimRequest).order, 'the order of the result');
}

const freeRanges = ({ host }: Run, { order, zones }: HighOrderRequest) => {
  host.drain();
  return countFreeRanges(host, order, zones);
};

function blocksAddUp(run: Run, request: HighOrderRequest, result: HighOrderResult, freeBefore: number): void {
  const { count, order } = request;
  const { made, ranges, outcome } = result;
  checkSame(result.order, order, 'the order of the result');
  checkSame(result.asked, count, 'what the result says was asked');
  checkSame(result.freeBefore, freeBefore, 'the number of blocks that were free before');
  checkSame(made, Math.max(0, freeRanges(run, request) - freeBefore), 'the number of blocks made');
  const isDone = count === 'all' || made >= count;
  checkSame(outcome, isDone ? 'done' : made > 0 ? 'partial' : 'refused', 'the outcome');
  for (const { start, end } of ranges)
    check(end - start === 2 ** order && start % (end - start) === 0, `a block of order ${order} is ${start} to ${end}`);
}

function statesAddUp({ host, offline }: Run, { blocks }: OfflineRequest, result: OfflineResult): void {
  const nrGone = blocks.filter((block) => host.blockState(block) === BLOCK_OFFLINE).length;
  checkSame(result.outcome, nrGone === blocks.length ? 'done' : nrGone > 0 ? 'partial' : 'refused', 'the outcome');
  const order = (list: readonly number[]) => String([...list].sort((a, b) => a - b));
  checkSame(order(result.blocks.map(({ block }) => block)), order(blocks), 'the blocks of the result');
  for (const { block, state } of result.blocks) {
    checkSame(state, BLOCK_STATE_NAMES[host.blockState(block)], `the state of block ${block}`);
    check(offline.has(block) === (state === 'offline'), `block ${block} is ${state}, and nobody has said so`);
  }
  const sum = result.blocks.reduce((pages, { pagesMigrated }) => pages + pagesMigrated, 0);
  check(sum <= result.pagesMigrated, `its blocks moved ${sum} pages, and all of it ${result.pagesMigrated}`);
}

/** Of each zone in turn, or of the blocks that are to go; and none into a block that has gone. */
function asksAlone(frontEnd: FrontEnd, trial: Trial, request: AnyRequest): void {
  const { layout } = trial.open().host;
  if (frontEnd === 'offline') {
    const { blocks } = request as OfflineRequest;
    const own = blocks.map((block) => blockRange(block, layout.blockPages));
    const { moved, outcome } = trial.open().finish(request).result;
    expectWithin(moved.sources, own, 'moved, and is in no block that was asked for');
    if (outcome !== 'done') return;
    for (const target of moved.targets)
      check(
        !own.some((range) => contains(range, target)),
        `${formatPfn(target)} was to be emptied, and a page moved to it`,
      );
  }
  if (frontEnd !== 'high-order') return;
  for (const [zone, own] of layout.zones.entries()) {
    const result = trial.open().finish({ ...(request as HighOrderRequest), zones: [zone] }).result as HighOrderResult;
    expectWithin(result.moved.sources, [own], `moved, and is not in zone ${zone}, the only one that was named`);
    const heads = result.ranges.map(({ start }) => start);
    expectWithin(heads, [own], `begins a block that was made, and is not in zone ${zone}, the only one that was named`);
  }
}

function expectWithin(pfns: ArrayLike<Pfn>, own: readonly PfnRange[], otherwise: string): void {
  for (const pfn of Array.from(pfns))
    check(
      own.some((range) => contains(range, pfn)),
      `${formatPfn(pfn)} ${otherwise}`,
    );
}

function boundIsTrue(trial: Trial, request: HighOrderRequest): void {
  const before = trial.open();
  before.host.drain();
  const costs = rangeCosts(before.service, request.order, request.zones);
  const result = trial.open().finish(request).result as HighOrderResult;
  const wanted = request.count === 'all' ? result.made : request.count;
  const bound = sumOfCosts(costs, cheapestFirst(costs, request.order), wanted);
  checkSame(result.lowerBound, bound, 'the lower bound');
  const { pagesMigrated, pagesReclaimed, outcome } = result;
  const touched = pagesMigrated + pagesReclaimed;
  check(outcome !== 'done' || touched >= bound, `it made all blocks with ${touched} pages, and the bound is ${bound}`);
  const hurried = trial.open().finish({ ...request, bound: false } as HighOrderRequest).result as HighOrderResult;
  check(hurried.lowerBound === null || hurried.lowerBound === bound, 'in a hurry it says another lower bound');
}
