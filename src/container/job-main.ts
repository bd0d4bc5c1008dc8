import type { PoolCall } from '../workers/pool-call.js';
import { type DoneJob, doJob, type JobCall } from './do-job.js';

/** A worker that does one job, and posts what came of it. */
export default async function runJobTask({ task, port }: PoolCall<JobCall>): Promise<number> {
  const done: DoneJob = await doJob(task);
  port.postMessage(done);
  return 1;
}
