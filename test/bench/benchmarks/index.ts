import type { Benchmark } from '../framework/benchmark.js';
import { buddy } from './buddy.js';
import { captureLoading } from './capture-loading.js';
import { captureReading } from './capture-reading.js';
import { cheapestRange } from './cheapest-range.js';
import { classification } from './classification.js';
import { events } from './events.js';
import { forecastAll } from './forecast.js';
import { fragmentation } from './fragmentation.js';
import { kernelCompaction } from './kernel-compaction.js';
import { migrateContents, migrateContentsAscending } from './migrate-contents.js';
import { migrateMetadata } from './migrate-metadata.js';
import { plan } from './plan.js';
import { twoThreads } from './two-threads.js';

/** In the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  classification,
  fragmentation,
  cheapestRange,
  plan,
  buddy,
  events,
  captureReading,
  captureLoading,
  forecastAll,
  migrateMetadata,
  migrateContents,
  migrateContentsAscending,
  twoThreads,
  kernelCompaction,
];
