import { VacateError } from '../../base/vacate-error.js';
import type { FrontEnd } from '../../events/range-events.js';
import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import { FREE_FLAGS, PG_NOPAGE, PG_RESERVED } from '../../mm/page-flags.js';
import { formatPfn, type Pfn } from '../../mm/units.js';
import type { Machine } from '../../sim/machine.js';
import type { HighOrderRequest, HighOrderResult, OfflineRequest, OfflineResult } from '../../strategies/strategy.js';
import { check, checkSame } from '../conformance.js';
import { sameFrame, takeFrame } from '../page-types/frame.js';
import type { AnyRequest, Run, StrategyCase, Trial } from './trial.js';

/** What cannot be done is said. */
export function refusingRules(frontEnd: FrontEnd, trial: () => Trial, asked: () => AnyRequest): StrategyCase[] {
  return [
    {
      name: 'pages that cannot go stay, and are refused by name',
      rule: 'refusals-are-named',
      run: () => refusesByName(frontEnd, trial(), asked()),
    },
    {
      name: 'a request that makes no sense is refused, and changes nothing',
      rule: 'nonsense-is-refused',
      run: () => refusesNonsense(frontEnd, trial()),
    },
  ];
}

/** Wherever something is to be emptied, one page in use is the firmware's, so that nothing can be. */
function refusesByName(frontEnd: FrontEnd, trial: Trial, request: AnyRequest): void {
  if (frontEnd === 'reclaim') return;
  const run = trial.open();
  const { machine: m } = run;
  const stuck = oneInEach(m, frontEnd === 'high-order' ? 2 ** (request as HighOrderRequest).order : m.spec.blockPages);
  for (const pfn of stuck) m.flags[pfn] = (m.flags[pfn]! | PG_RESERVED) >>> 0;
  const frames = stuck.map((pfn) => takeFrame(m, pfn));
  const { result } = run.finish(request);
  for (const [i, pfn] of stuck.entries()) {
    const lost = sameFrame(m, frames[i]!, pfn);
    check(lost === null, `${formatPfn(pfn)} is reserved, and ${lost}`);
  }
  checkSame(result.outcome, 'refused', 'the outcome, where in everything that is to be emptied a page is reserved,');
  namesAreWhole(run, result.refusals);
  if (frontEnd === 'offline') blocksAreRefused(run, request as OfflineRequest, result as OfflineResult, stuck);
  else checkSame((result as HighOrderResult).made, 0, 'the number of blocks made');
  for (const pfn of stuck) m.flags[pfn] = (m.flags[pfn]! & ~PG_RESERVED) >>> 0;
  trial.checkAtRest(run, 'when it has refused');
  trial.checkKept('when it has refused');
}

/** The first page in use of every aligned range that has one. */
function oneInEach({ flags, spec }: Machine, size: number): Pfn[] {
  const found: Pfn[] = [];
  for (let start = 0; start < spec.nrPfns; start += size)
    for (let pfn = start; pfn < start + size; pfn++) {
      if ((flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) !== 0) continue;
      found.push(pfn);
      break;
    }
  return found;
}

function namesAreWhole({ machine }: Run, refusals: HighOrderResult['refusals']): void {
  for (const { handler, reason, kind, because, pages, pfns } of refusals) {
    const which = `"${handler}: ${reason}"`;
    check(
      [handler, reason, because].every((word) => word.trim() !== ''),
      `a refusal ${which} does not say why`,
    );
    check(kind === 'retry' || kind === 'permanent', `${which} is of kind ${kind}`);
    check(pages >= pfns.length && pages >= 0, `${which} is of ${pages} pages, and names ${pfns.length}`);
    for (const pfn of pfns) check(pfn < machine.spec.nrPfns, `${which} names ${formatPfn(pfn)}, which is no page`);
    check(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(reason), `${which} is no name for scripts; make it kebab-case`);
  }
}

function blocksAreRefused(
  { host }: Run,
  { blocks }: OfflineRequest,
  result: OfflineResult,
  stuck: readonly Pfn[],
): void {
  for (const block of blocks) {
    checkSame(host.blockState(block), BLOCK_ONLINE, `the state of block ${block}, which was refused,`);
    const { start, end } = blockRange(block, host.layout.blockPages);
    const pfn = stuck.find((one) => start <= one && one < end)!;
    const named = result.refusals.find(({ reason, pfns }) => reason === 'reserved' && pfns.includes(pfn));
    check(named !== undefined, `block ${block} is refused, and nobody says that ${formatPfn(pfn)} is reserved`);
  }
}

const NONSENSE = {
  'high-order': [
    { order: 40, count: 1 },
    { order: -1, count: 1 },
    { order: 4, count: 0 },
    { order: 4, count: 1, zones: [99] },
  ],
  offline: [{ blocks: [] }, { blocks: [9999] }, { blocks: [-1] }],
  reclaim: [{ order: 40 }, { order: -1 }],
} as const;

function refusesNonsense(frontEnd: FrontEnd, trial: Trial): void {
  for (const request of NONSENSE[frontEnd] as readonly AnyRequest[]) {
    const run = trial.open();
    const before = trial.hash();
    const asked = JSON.stringify(request);
    let error: unknown = null;
    try {
      // The front end asks first whether it applies, and so may whoever tests it.
      if ((run.strategy.doesNotApply?.(request as never) ?? null) !== null) continue;
      run.finish(request);
    } catch (thrown) {
      error = thrown;
    }
    check(VacateError.is(error), `${asked} is answered by ${error === null ? 'a result' : String(error)}`);
    checkSame(trial.hash(), before, `the machine after ${asked}`);
  }
}
