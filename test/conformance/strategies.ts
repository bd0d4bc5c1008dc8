import 'reflect-metadata';
import { Container } from 'inversify';
import { type FrontEnd, RangeEvents } from '../../src/events/range-events.js';
import { MigrationService } from '../../src/migration/migration-service.js';
import type { StrategyDefinition, StrategyTools } from '../../src/strategies/define-strategy.js';
import { strategiesModule } from '../../src/strategies/strategies-module.js';
import type { Strategy } from '../../src/strategies/strategy.js';
import { HighOrderStrategies, OfflineStrategies, ReclaimStrategies } from '../../src/strategies/tokens.js';

const TOKENS = { 'high-order': HighOrderStrategies, offline: OfflineStrategies, reclaim: ReclaimStrategies };

/** A shipped strategy as one from outside: made from its tools, by the module that makes it in a run. */
export function shipped(frontEnd: FrontEnd, name: string): StrategyDefinition {
  const create = ({ service, events }: StrategyTools) => {
    const container = new Container({ defaultScope: 'Singleton' });
    container.bind(MigrationService).toConstantValue(service);
    container.bind(RangeEvents).toConstantValue(events);
    container.load(strategiesModule());
    const all = container.getAll<Strategy<never, unknown>>(TOKENS[frontEnd]);
    return all.find((strategy) => strategy.name === name);
  };
  return { frontEnd, create } as StrategyDefinition;
}
