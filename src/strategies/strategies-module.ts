import { ContainerModule } from 'inversify';
import { CheapestRange } from './high-order/cheapest-range.js';
import { MergedHighOrder } from './high-order/merged.js';
import { BlockByBlock } from './offline/block-by-block.js';
import { IsolateFirst } from './offline/isolate-first.js';
import { MergedOffline } from './offline/merged.js';
import { NodeRemap } from './offline/node-remap.js';
import { PageCapture } from './offline/page-capture.js';
import { SwapOut } from './offline/swap-out.js';
import { HighOrderStrategies, OfflineStrategies } from './tokens.js';

/** Every strategy of both front ends. A new one is one file and one line here. */
export const strategiesModule = (): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(HighOrderStrategies).to(MergedHighOrder);
    bind(HighOrderStrategies).to(CheapestRange);
    bind(OfflineStrategies).to(MergedOffline);
    bind(OfflineStrategies).to(IsolateFirst);
    bind(OfflineStrategies).to(BlockByBlock);
    bind(OfflineStrategies).to(PageCapture);
    bind(OfflineStrategies).to(NodeRemap);
    bind(OfflineStrategies).to(SwapOut);
  });
