import { Container, type ContainerModule } from 'inversify';
import { VacateError } from '../base/vacate-error.js';
import type { ListenerErrorHandler } from '../events/guarded-observable.js';
import { type PageEventBatch, PageEvents } from '../events/page-events.js';
import { type RangeEvent, RangeEvents } from '../events/range-events.js';
import type { PageType } from '../handler/define-page-type.js';
import { MemoryHost } from '../host/memory-host.js';
import { migrationModule } from '../migration/migration-module.js';
import { MigrationService } from '../migration/migration-service.js';
import { strategiesModule } from '../strategies/strategies-module.js';
import type {
  HighOrderRequest,
  HighOrderResult,
  Job,
  OfflineRequest,
  OfflineResult,
  Strategy,
} from '../strategies/strategy.js';
import { HighOrderStrategies, OfflineStrategies } from '../strategies/tokens.js';

export interface EvacuatorOptions {
  /** The machine: `simModule(machine)`, or another host's module. */
  readonly host: ContainerModule;
  /** Page types, in the order in which they are asked; without any, every page is refused. */
  readonly plugins: readonly PageType[];
  /** Further modules, for strategies of one's own. */
  readonly modules?: readonly ContainerModule[];
  /** Told of every error that a listener let escape; it never stops a run. */
  readonly onListenerError?: ListenerErrorHandler;
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
  readonly strategies: { readonly highOrder: readonly string[]; readonly offline: readonly string[] };
  /** A job that makes free blocks of a high order. @throws VacateError kind 'usage' for an unknown strategy. */
  highOrder(request: HighOrderRequest, strategy?: string): Job<HighOrderResult>;
  /** A job that takes memory blocks offline. @throws VacateError kind 'usage' for an unknown strategy. */
  offline(request: OfflineRequest, strategy?: string): Job<OfflineResult>;
  /** Completes the streams. */
  dispose(): void;
}

/**
 * The composition root.
 *
 * @throws VacateError kind 'plugin' for a malformed plugin or two of one name.
 * @example
 * const evacuator = createEvacuator({ host: simModule(machine), plugins });
 * const result = runToEnd(evacuator.offline({ blocks: [4, 5] }));
 */
export function createEvacuator(options: EvacuatorOptions): Evacuator {
  const container = new Container({ defaultScope: 'Singleton' });
  const listeners = options.onListenerError === undefined ? {} : { onListenerError: options.onListenerError };
  container.load(
    options.host,
    migrationModule(options.plugins, listeners),
    strategiesModule(),
    ...(options.modules ?? []),
  );
  const counters = container.get(PageEvents);
  const ranges = container.get(RangeEvents);
  const highOrder = container.getAll(HighOrderStrategies);
  const offline = container.getAll(OfflineStrategies);
  return {
    host: container.get<MemoryHost>(MemoryHost),
    service: container.get(MigrationService),
    counters,
    pages$: counters.batches$,
    ranges$: ranges.events$,
    strategies: { highOrder: highOrder.map(({ name }) => name), offline: offline.map(({ name }) => name) },
    highOrder: (request, strategy) => pick('high-order', highOrder, strategy).run(request),
    offline: (request, strategy) => pick('offline', offline, strategy).run(request),
    dispose: () => {
      container.unbindAll();
    },
  };
}

function pick<Request, Result>(
  frontEnd: string,
  strategies: ReadonlyArray<Strategy<Request, Result>>,
  name: string | undefined,
): Strategy<Request, Result> {
  const found = name === undefined ? strategies[0] : strategies.find((strategy) => strategy.name === name);
  if (found !== undefined) return found;
  const known = strategies.map((strategy) => strategy.name).join(', ');
  throw new VacateError('usage', `${frontEnd} has no strategy "${name ?? ''}"; it has ${known}`);
}

export type { PageEventBatch, RangeEvent };
