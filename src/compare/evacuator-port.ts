import type { PageEvents } from '../events/page-events.js';
import type { RangeEvents } from '../events/range-events.js';
import type { MigrationService } from '../migration/migration-service.js';
import type {
  HighOrderRequest,
  HighOrderResult,
  Job,
  OfflineRequest,
  OfflineResult,
  ReclaimRequest,
  ReclaimResult,
} from '../strategies/strategy.js';

/** What a cell needs of an evacuator; who wires it is the composition root's business. */
export interface CellEvacuator {
  readonly service: MigrationService;
  readonly counters: PageEvents;
  readonly ranges$: RangeEvents['events$'];
  readonly strategies: StrategyLabels;
  /** @throws VacateError kind 'usage' for a strategy that does not exist or cannot serve the request. */
  highOrder(request: HighOrderRequest, strategy: string): Job<HighOrderResult>;
  offline(request: OfflineRequest, strategy: string): Job<OfflineResult>;
  reclaim(request: ReclaimRequest, strategy: string): Job<ReclaimResult>;
  dispose(): void;
}

/** What the strategies of each front end are called. */
export type StrategyLabels = Readonly<Record<FrontEndKey, readonly string[]>>;

export type FrontEndKey = 'highOrder' | 'offline' | 'reclaim';
