import type { Benchmark } from '../framework/benchmark.js';
import { buddy } from './buddy.js';
import { cheapestRange } from './cheapest-range.js';
import { events } from './events.js';
import { migrateMetadata } from './migrate-metadata.js';

/** In the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [cheapestRange, buddy, events, migrateMetadata];
