import type { Population } from '../sim/populate.js';
import type { WorkloadOf } from './workload-schema.js';

/** What a scattered workload is, on a machine of so many pages. */
export function populationOf(workload: WorkloadOf<'scattered'>, nrPages: number, seed: number): Population {
  const { size, processes, files, cached, kernel } = workload;
  return { seed, used: size / nrPages, cached, kernelBlocks: kernel, processes, files };
}
