import { expectArgument, isObject, isUint32Array, isWhole } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC } from '../mm/migrate-mode.js';
import { formatPfn, MAX_PFN } from '../mm/units.js';
import type { MigrationRequest } from './migration-run.js';

/** More passes than this are a mistake: each lets time go by for pages that stay. */
const PASSES_MAX = 10_000;

/**
 * Whether a request to move pages makes sense. A list out of order would move a page twice, which nothing later could
 * tell from two pages.
 *
 * @throws VacateError kind 'usage', or 'range' for a page that the machine does not have.
 */
export function checkRequest(request: MigrationRequest, nrPfns: number): void {
  expectArgument(isObject(request), 'the request', request, '{ pfns, mode }');
  const { pfns, mode, sparedOrder, passes, targets } = request;
  expectArgument(isUint32Array(pfns), 'pfns', pfns, 'a Uint32Array of page frame numbers, ascending');
  expectArgument(isWhole(mode, MIGRATE_ASYNC, MIGRATE_SYNC), 'mode', mode, '0, 1 or 2 (async, sync-light, sync)');
  // Beyond what buddy keeps: a free range of several blocks is spared as well.
  const isOrder = sparedOrder === undefined || isWhole(sparedOrder, 0, MAX_PFN);
  expectArgument(isOrder, 'sparedOrder', sparedOrder, 'a whole number, log2 of the pages of a block, or leave it out');
  const isCount = passes === undefined || isWhole(passes, 1, PASSES_MAX);
  expectArgument(isCount, 'passes', passes, `a whole number from 1 to ${PASSES_MAX}, or leave it out`);
  const isSource =
    targets === undefined ||
    (isObject(targets) && typeof targets.get === 'function' && typeof targets.put === 'function');
  expectArgument(isSource, 'targets', targets, '{ get(order, source), put(pfn, order) }, or leave it out');
  checkOrder(pfns, nrPfns);
}

/** Runs per page of every migration: one comparison a page, and one for the last. */
function checkOrder(pfns: Uint32Array, nrPfns: number): void {
  const { length } = pfns;
  for (let at = 1; at < length; at++) {
    if (pfns[at]! > pfns[at - 1]!) continue;
    const pair = `${formatPfn(pfns[at]!)} comes after ${formatPfn(pfns[at - 1]!)}`;
    throw new VacateError('usage', `pfns must ascend, each page once, but ${pair}; sort them`);
  }
  if (length === 0 || pfns[length - 1]! < nrPfns) return;
  throw new VacateError(
    'range',
    `${formatPfn(pfns[length - 1]!)} lies outside memory, which has ${nrPfns} page frames; leave it out`,
  );
}
