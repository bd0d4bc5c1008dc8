import { Container, ContainerModule } from 'inversify';
import { expectArgument } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import type { ListenerErrorHandler } from '../events/guarded-observable.js';
import { type PageEventBatch, PageEvents } from '../events/page-events.js';
import { type FrontEnd, type RangeEvent, RangeEvents } from '../events/range-events.js';
import type { PageType } from '../handler/define-page-type.js';
import { MemoryHost } from '../host/memory-host.js';
import { migrationModule } from '../migration/migration-module.js';
import type { Pauses } from '../migration/migration-run.js';
import { MigrationService } from '../migration/migration-service.js';
import { checkStrategies, type StrategyDefinition } from '../strategies/define-strategy.js';
import { labelsOf } from '../strategies/labels.js';
import { strategiesModule } from '../strategies/strategies-module.js';
import type {
  HighOrderRequest,
  HighOrderResult,
  Job,
  OfflineRequest,
  OfflineResult,
  ReclaimRequest,
  ReclaimResult,
  Strategy,
} from '../strategies/strategy.js';
import { HighOrderStrategies, OfflineStrategies, ReclaimStrategies } from '../strategies/tokens.js';
import { checkedRequest, checkOptions } from './check-request.js';
import { Clock } from './clock.js';
import { pickStrategy } from './pick-strategy.js';
import { outsideOf } from './plugin-origins.js';
import { type RunJobOptions, runJob } from './run-job.js';
import { driverModule, whyNotWired } from './services.js';

/**
 * What an evacuator is made of.
 *
 * @example
 * const options: EvacuatorOptions = { host: simModule(machine), plugins, pauses: 'batch' };
 * const quick: Evacuator = createEvacuator(options);
 * runToEnd(quick.offline({ blocks: [8] })).outcome; // "done"
 */
export interface EvacuatorOptions {
  /** The machine: `simModule(machine)`, or another host's module. */
  readonly host: ContainerModule;
  /** Page types, in the order in which they are asked; without any, every page is refused. */
  readonly plugins: readonly PageType[];
  /** Strategies of one's own, beside the shipped ones. */
  readonly strategies?: readonly StrategyDefinition[];
  /**
   * Further modules, loaded last, for whatever is to be replaced (`rebind(MemoryHost)`, `TargetAllocator`, `Planner`,
   * `Clock`) or added (`bind(OfflineStrategies)`).
   */
  readonly modules?: readonly ContainerModule[];
  /**
   * Where jobs pause, and others may run: after each phase of a batch of pages ('phase', the default), or after each
   * batch ('batch'), which is several times quicker where the host can move plain pages in bulk.
   */
  readonly pauses?: Pauses;
  /**
   * Milliseconds that handlers may take for the pages of one phase of a batch, or for a look at a range; one that takes
   * longer, because it loops, ends the run with its name, and is not asked again. Without it, this holds for plugins that
   * `loadPlugins` loaded, with 2000; with it, for all but those of `loadShippedPlugins`.
   */
  readonly handlerTimeLimitMs?: number;
  /** Told of every error that a listener let escape; it never stops a run. */
  readonly onListenerError?: ListenerErrorHandler;
}

/**
 * A strategy as a catalogue has it.
 *
 * @example
 * const labels = ({ name, modes }: StrategyEntry) => [name, ...modes.map((mode) => `${name}:${mode}`)];
 * evacuator.catalogue.flatMap(labels).includes('merged'); // true
 */
export interface StrategyEntry {
  readonly frontEnd: FrontEnd;
  readonly name: string;
  readonly about: string;
  readonly modes: readonly string[];
  readonly switches: readonly string[];
  /** What modes and switches stand for, by name, as far as the strategy says. */
  readonly notes: Readonly<Record<string, string>>;
}

/** Everything one needs to empty memory, wired. The container that wired it is gone. */
export interface Evacuator {
  readonly host: MemoryHost;
  readonly service: MigrationService;
  /** Counters, always on. */
  readonly counters: PageEvents;
  /** What became of single pages, in batches. */
  readonly pages$: PageEvents['batches$'];
  /** What became of ranges and blocks, one by one. */
  readonly ranges$: RangeEvents['events$'];
  /** What the strategies of each front end are called, the default first. */
  readonly strategies: Readonly<Record<'highOrder' | 'offline' | 'reclaim', readonly string[]>>;
  /** The same with what they say of themselves. */
  readonly catalogue: readonly StrategyEntry[];
  /**
   * A job that makes free blocks of a high order. The strategy is named as commands name it, "tosatti:historical".
   *
   * @throws VacateError kind 'usage' for a strategy that does not exist or cannot serve the request.
   */
  highOrder(request: HighOrderRequest, strategy?: string): Job<HighOrderResult>;
  /** A job that takes memory blocks offline; otherwise the same. */
  offline(request: OfflineRequest, strategy?: string): Job<OfflineResult>;
  /** A job that makes a machine serve allocations of an order again, in the background; otherwise the same. */
  reclaim(request: ReclaimRequest, strategy?: string): Job<ReclaimResult>;
  /** Runs a job in slices, as `runJob` does, by the clock of this evacuator. */
  run<Result>(job: Job<Result>, options?: RunJobOptions): Promise<Result>;
  /**
   * Checks what a command calls a strategy, without asking it for anything.
   *
   * @throws VacateError kind 'usage' that names the nearest one that there is.
   */
  check(frontEnd: 'highOrder' | 'offline' | 'reclaim', strategy: string): void;
  /** Completes the streams. */
  dispose(): void;
}

/**
 * The composition root.
 *
 * @throws VacateError kind 'plugin' for a malformed plugin or two of one name, 'usage' for options that are none, and for
 *   modules that leave a service unbound or bind it twice.
 * @example
 * const evacuator = createEvacuator({ host: simModule(machine), plugins });
 * const { outcome } = runToEnd(evacuator.offline({ blocks: [8, 9] }));
 * console.log(outcome);
 */
export function createEvacuator(options: EvacuatorOptions): Evacuator {
  checkOptions(options);
  const container = new Container({ defaultScope: 'Singleton' });
  try {
    return wired(container, options);
  } catch (error) {
    throw whyNotWired(container, error);
  }
}

function wired(container: Container, options: EvacuatorOptions): Evacuator {
  const listeners = options.onListenerError === undefined ? {} : { onListenerError: options.onListenerError };
  container.load(
    options.host,
    migrationModule(options.plugins, listeners, options.pauses, outsideOf(options.plugins, options.handlerTimeLimitMs)),
    strategiesModule(),
    driverModule(),
    ownStrategies(options.strategies ?? []),
    ...(options.modules ?? []),
  );
  const clock = container.get<Clock>(Clock);
  const counters = container.get(PageEvents);
  const ranges = container.get(RangeEvents);
  const highOrder = checkStrategies('high-order', container.getAll(HighOrderStrategies));
  const offline = checkStrategies('offline', container.getAll(OfflineStrategies));
  const reclaim = checkStrategies('reclaim', container.getAll(ReclaimStrategies));
  return {
    host: container.get<MemoryHost>(MemoryHost),
    service: container.get(MigrationService),
    counters,
    pages$: counters.batches$,
    ranges$: ranges.events$,
    strategies: {
      highOrder: highOrder.flatMap(labelsOf),
      offline: offline.flatMap(labelsOf),
      reclaim: reclaim.flatMap(labelsOf),
    },
    catalogue: [
      ...highOrder.map((strategy) => entryOf('high-order', strategy)),
      ...offline.map((strategy) => entryOf('offline', strategy)),
      ...reclaim.map((strategy) => entryOf('reclaim', strategy)),
    ],
    highOrder: (request, strategy) => jobOf('high-order', highOrder, request, strategy),
    offline: (request, strategy) => jobOf('offline', offline, request, strategy),
    reclaim: (request, strategy) => jobOf('reclaim', reclaim, request, strategy),
    run: (job, options) => runJob(job, { clock, ...options }),
    check: (frontEnd, strategy) => {
      if (frontEnd === 'highOrder') pickStrategy('high-order', highOrder, strategy);
      else if (frontEnd === 'offline') pickStrategy('offline', offline, strategy);
      else if (frontEnd === 'reclaim') pickStrategy('reclaim', reclaim, strategy);
      else expectArgument(false, 'frontEnd', frontEnd, 'highOrder, offline or reclaim');
    },
    dispose: () => {
      container.unbindAll();
    },
  };
}

function entryOf(frontEnd: FrontEnd, strategy: Strategy<never, unknown>): StrategyEntry {
  const { name, about, modes = [], switches = [], notes = {} } = strategy;
  return { frontEnd, name, about, modes, switches, notes };
}

/** Binds strategies that know no container. */
const ownStrategies = (definitions: readonly StrategyDefinition[]): ContainerModule =>
  new ContainerModule(({ bind }) => {
    const tokens = { 'high-order': HighOrderStrategies, offline: OfflineStrategies, reclaim: ReclaimStrategies };
    for (const { frontEnd, create } of definitions)
      bind<unknown>(tokens[frontEnd]).toDynamicValue((context) =>
        create({ service: context.get(MigrationService), events: context.get(RangeEvents) }),
      );
  });

/** The job that a picked strategy does; it is asked first whether it can. */
function jobOf<Request extends object, Result>(
  frontEnd: string,
  strategies: ReadonlyArray<Strategy<Request, Result>>,
  request: Request,
  label: string | undefined,
): Job<Result> {
  const { strategy, manner } = pickStrategy(frontEnd, strategies, label);
  const own = checkedRequest(frontEnd, request);
  const because = strategy.doesNotApply?.(own) ?? null;
  if (because !== null) throw new VacateError('usage', `strategy ${strategy.name} does not apply: ${because}`);
  return strategy.run({ ...own, ...manner });
}

export type { PageEventBatch, RangeEvent };
