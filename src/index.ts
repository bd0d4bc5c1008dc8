/**
 * The public API; what neither this nor another entry of package.json exports is private.
 *
 * @module vacate
 */
import 'reflect-metadata';

export { VacateError, type VacateErrorKind } from './base/vacate-error.js';
export { CaptureFiles, type CaptureSource, readCapture } from './capture/index.js';
export { Clock } from './container/clock.js';
export {
  createEvacuator,
  type Evacuator,
  type EvacuatorOptions,
  type StrategyEntry,
} from './container/create-evacuator.js';
export { type LoadPluginsOptions, loadPlugins, loadShippedPlugins, loadStrategies } from './container/load-plugins.js';
export { nodeSources } from './container/node-sources.js';
export { type OpenShardsOptions, openShards, type Shards } from './container/open-shards.js';
export { type RunJobOptions, runJob } from './container/run-job.js';
export { ContainerModule } from './container/services.js';
export type { MachineMaker, ShardSource } from './container/shard-machine.js';
export * from './events/index.js';
export {
  type Asked,
  type AttemptExplanation,
  type ExplainedPage,
  explainAttempt,
  explainLog,
  type Knowledge,
  type PageGroup,
} from './explain/index.js';
export {
  type BlockForecast,
  type Forecast,
  Forecaster,
  type ForecastOptions,
  forecast,
  type KernelSaid,
  type KernelTexts,
  kernelSaid,
  type NeedForecast,
  type Reason,
  type Verdict,
} from './forecast/index.js';
export { MemoryHost, type MemoryLayout } from './host/memory-host.js';
export { type LogRecord, parseKernelLog } from './kernel-log/index.js';
export {
  type BlockFacts,
  type DimmFacts,
  type Finding,
  type LintFacts,
  type LintReport,
  lint,
  Settings,
} from './lint/index.js';
export type { BlockWriter } from './linux/host/block-writer.js';
export { LinuxHost } from './linux/host/linux-host.js';
export { linuxModule } from './linux/host/linux-module.js';
export { LinuxTree } from './linux/linux-tree.js';
export type { MigrationReport, RefusalCount } from './migration/migration-report.js';
export type { Phase, Progress } from './migration/migration-run.js';
export { TargetAllocator, type TargetSource } from './migration/target-source.js';
export * from './mm/memory-block.js';
export * from './mm/page-flags.js';
export * from './mm/pfn-range.js';
export * from './mm/units.js';
export type { Chunk, ChunkKind } from './recording/chunk.js';
export { ChunkReader, type Inflate } from './recording/chunk-reader.js';
export { ChunkWriter, type Deflate } from './recording/chunk-writer.js';
export type { PageMoment, PageRefusal } from './recording/page-history.js';
export { type ChunkSink, Recorder, type RecorderOptions, type RunFacts } from './recording/recorder.js';
export type * from './recording/records.js';
export { type RefusalTotal, Replay } from './recording/replay.js';
export type { StageOptions } from './recording/stage.js';
export type { RangeMoment } from './recording/timeline.js';
export {
  machineFromScenario,
  parseScenario,
  type Scenario,
  type ScenarioOptions,
  scenarioJsonSchema,
} from './scenario/index.js';
export type { NodeHighOrder, ShardedHighOrder } from './shards/high-order-result.js';
export type { GroupOptions, ShardNode } from './shards/shard-group.js';
export type { ShardedHighOrderRequest } from './shards/sharded-high-order.js';
export type { NodeOffline, ShardedOffline, ShardedOfflineRequest } from './shards/sharded-offline.js';
export { machineFromImage } from './sim/from-image.js';
export { compareLedger, type Ledger, type LedgerComparison, takeLedger } from './sim/ledger.js';
export { createMachine, type Machine, type MachineSpec } from './sim/machine.js';
export { type MachineSize, machineSize } from './sim/machine-size.js';
export { simModule } from './sim/sim-module.js';
export { createPageBytes, type PageBytes } from './simd/page-bytes.js';
export * from './smp/index.js';
export { JobStopped } from './strategies/job-stopped.js';
export * from './strategies/strategy.js';
export { HighOrderStrategies, OfflineStrategies, Planner, ReclaimStrategies } from './strategies/tokens.js';
