import type { ScenarioJob } from '../scenario/index.js';

/** What is asked of a machine; scenarios state such jobs, command lines override them. */
export type CompareJob = ScenarioJob;

/** What tables call a job; two jobs of a machine have two names unless they are the same. */
export function nameOfJob(job: CompareJob): string {
  switch (job.kind) {
    case 'high-order':
      return job.count === 'all' ? `order ${job.order}, all` : `order ${job.order}, ${job.count} blocks`;
    case 'offline':
      return `offline ${job.what}`;
    case 'requests': {
      const hold = job.holdNs === Number.POSITIVE_INFINITY ? 'kept' : `held ${job.holdNs / 1e6} ms`;
      return `${job.requests} requests of order ${job.order}, ${job.wait ? 'waiting' : 'atomic'}, every ${job.everyNs / 1e6} ms, ${hold}`;
    }
  }
}

/** The jobs of a machine, each once, by name. */
export function jobsByName(jobs: readonly CompareJob[]): ReadonlyMap<string, CompareJob> {
  return new Map(jobs.map((job) => [nameOfJob(job), job]));
}
