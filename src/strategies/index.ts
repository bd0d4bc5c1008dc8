/**
 * What a strategy may import: the interface, the tools, and what the shipped strategies share.
 *
 * @module vacate/strategy
 */
export { VacateError } from '../base/vacate-error.js';
export { RangeEvents } from '../events/range-events.js';
export type { FreeMemory, PlainAllocation } from '../host/free-memory.js';
export type { MemoryHost, MemoryLayout, Room } from '../host/memory-host.js';
export type { Pageout, Reclaim, ReclaimCounters } from '../host/reclaim.js';
export { type MigrationReport, mergeRefusals, type RefusalCount, RefusalTally } from '../migration/migration-report.js';
export type { MigrationRequest, Phase, Progress } from '../migration/migration-run.js';
export type { MigrationService } from '../migration/migration-service.js';
export { smallestHoles, type TargetSource } from '../migration/target-source.js';
export * from '../mm/memory-block.js';
export * from '../mm/migrate-mode.js';
export * from '../mm/migratetype.js';
export * from '../mm/page-flags.js';
export * from '../mm/pfn-range.js';
export * from '../mm/units.js';
export { announced } from './announced.js';
export { defineStrategy, type StrategyDefinition, type StrategyTools } from './define-strategy.js';
export { evacuate, isVacant, usedPages } from './evacuate.js';
export { countFreeRanges } from './high-order/free-ranges.js';
export { OrderAccount, type OrderWork } from './high-order/order-account.js';
export { cheapestFirst, rangeCosts } from './high-order/range-costs.js';
export { IMPOSSIBLE, RangeGlance } from './high-order/range-glance.js';
export { JobStopped } from './job-stopped.js';
export { labelOf } from './labels.js';
export { joinMoves } from './moves.js';
export * from './strategy.js';
