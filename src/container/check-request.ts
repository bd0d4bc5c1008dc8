import { ContainerModule } from 'inversify';
import { expectArgument, isCallback, isObject, isWhole } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import { MAX_PFN } from '../mm/units.js';
import { problemWithStrategy } from '../strategies/define-strategy.js';
import type { EvacuatorOptions } from './create-evacuator.js';
import { checkTimeLimit } from './plugin-origins.js';

/** @throws VacateError kind 'usage', or 'plugin' for a strategy that is none. */
export function checkOptions(options: EvacuatorOptions): void {
  expectArgument(isObject(options), 'the argument of createEvacuator', options, '{ host, plugins }');
  const { host, plugins, strategies = [], modules = [], onListenerError, pauses } = options;
  expectArgument(isModule(host), 'host', host, 'a module, as simModule(machine) gives');
  expectArgument(Array.isArray(plugins), 'plugins', plugins, 'a list of page types, as loadShippedPlugins() gives');
  expectArgument(Array.isArray(strategies), 'strategies', strategies, 'a list of strategies, or leave it out');
  const areModules = Array.isArray(modules) && Array.from(modules).every(isModule);
  expectArgument(areModules, 'modules', modules, 'a list of modules, or leave it out');
  expectArgument(isCallback(onListenerError), 'onListenerError', onListenerError, 'a function, or leave it out');
  const isPause = pauses === undefined || pauses === 'phase' || pauses === 'batch';
  expectArgument(isPause, 'pauses', pauses, '"phase" or "batch"');
  if (options.handlerTimeLimitMs !== undefined) checkTimeLimit(options.handlerTimeLimitMs);
  for (const strategy of strategies) {
    const problem = problemWithStrategy(strategy);
    if (problem !== null) throw new VacateError('plugin', problem);
  }
}

/** A class of another copy of inversify will do: what a container needs of a module is that it can be loaded. */
function isModule(value: unknown): boolean {
  return value instanceof ContainerModule || (isObject(value) && typeof value.load === 'function');
}

type Check = (request: Readonly<Record<string, unknown>>) => void;

const isIndices = (value: unknown): boolean =>
  Array.isArray(value) && Array.from(value).every((item) => isWhole(item, 0, MAX_PFN));

const checkOrder: Check = ({ order }) =>
  expectArgument(isWhole(order, 0, MAX_PFN), 'order', order, 'a whole number, log2 of the pages of a block');

/** What each front end's requests must be, whatever the strategy and the machine; those say the rest themselves. */
const CHECKS: Readonly<Record<string, Check>> = {
  'high-order': (request) => {
    checkOrder(request);
    const { count, zones, bound } = request;
    const isCount = count === 'all' || isWhole(count, 1, Number.MAX_SAFE_INTEGER);
    expectArgument(isCount, 'count', count, 'a whole number above 0, or "all"');
    expectArgument(zones === undefined || isIndices(zones), 'zones', zones, 'a list of zone numbers, or leave it out');
    expectArgument(bound === undefined || typeof bound === 'boolean', 'bound', bound, 'true or false');
  },
  offline: ({ blocks }) =>
    expectArgument(isIndices(blocks), 'blocks', blocks, 'a list of memory blocks, whole numbers from 0 up'),
  reclaim: checkOrder,
};

/**
 * Checks a request of a front end, and gives it without a manner: that comes from the strategy's label alone.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkedRequest<Request extends object>(frontEnd: string, request: Request): Request {
  expectArgument(
    isObject(request),
    'the request',
    request,
    'an object, such as { order: 9, count: 1 } or { blocks: [4] }',
  );
  CHECKS[frontEnd]?.(request);
  const { mode: _mode, switches: _switches, ...own } = request as Request & Record<'mode' | 'switches', unknown>;
  return own as unknown as Request;
}
