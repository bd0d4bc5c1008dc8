import { ContainerModule } from 'inversify';
import { Booking } from './high-order/booking.js';
import { CheapestRange } from './high-order/cheapest-range.js';
import { Compaction } from './high-order/compaction/compaction.js';
import { MergedHighOrder } from './high-order/merged.js';
import { Tosatti } from './high-order/tosatti/tosatti.js';
import { BlockByBlock } from './offline/block-by-block.js';
import { IsolateFirst } from './offline/isolate-first.js';
import { MergedOffline } from './offline/merged.js';
import { NodeRemap } from './offline/node-remap.js';
import { PageCapture } from './offline/page-capture.js';
import { SwapOut } from './offline/swap-out.js';
import { KswapdCoalesce } from './reclaim/kswapd-coalesce.js';
import { KswapdOrders } from './reclaim/kswapd-orders.js';
import { MergedReclaim } from './reclaim/merged.js';
import { Coalescer, HighOrderStrategies, OfflineStrategies, Planner, ReclaimStrategies } from './tokens.js';

/** Every strategy of all front ends. A new one is one file and one line here. */
export const strategiesModule = (): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(Planner).to(MergedHighOrder);
    bind(HighOrderStrategies).toService(Planner);
    bind(HighOrderStrategies).to(CheapestRange);
    bind(HighOrderStrategies).to(Tosatti);
    bind(HighOrderStrategies).to(Booking);
    bind(HighOrderStrategies).to(Compaction);
    bind(OfflineStrategies).to(MergedOffline);
    bind(OfflineStrategies).to(IsolateFirst);
    bind(OfflineStrategies).to(BlockByBlock);
    bind(OfflineStrategies).to(PageCapture);
    bind(OfflineStrategies).to(NodeRemap);
    bind(OfflineStrategies).to(SwapOut);
    bind(ReclaimStrategies).to(MergedReclaim);
    bind(ReclaimStrategies).to(KswapdOrders);
    bind(ReclaimStrategies).to(KswapdCoalesce);
    bind(Coalescer).to(Tosatti);
  });
