import { ContainerModule } from 'inversify';
import { CheapestRange } from './high-order/cheapest-range.js';
import { MergedHighOrder } from './high-order/merged.js';
import { IsolateFirst } from './offline/isolate-first.js';
import { HighOrderStrategies, OfflineStrategies } from './tokens.js';

/** Every strategy of both front ends. A new one is one file and one line here. */
export const strategiesModule = (): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(HighOrderStrategies).to(MergedHighOrder);
    bind(HighOrderStrategies).to(CheapestRange);
    bind(OfflineStrategies).to(IsolateFirst);
  });
