import { quoted } from '../../base/quoted.js';
import { brokenJob, type DoneJob, hasFailed, type JobCall, modulesOf } from '../../container/do-job.js';
import type { DoJob } from '../../queue/queue-worker.js';
import type { Job } from '../../workers/job.js';
import { WorkerPool } from '../../workers/worker-pool.js';
import { SILENCE_MS_MAX } from '../engine/run-tasks.js';

/** Threads that do jobs of whichever command, as many at a time as there are threads. */
export class JobPool {
  readonly #pool: WorkerPool<JobCall, DoneJob>;

  /** `modules` are all that jobs may load: what a queue says is no reason to run anybody's code. */
  constructor(
    nrWorkers: number,
    private readonly modules: readonly string[],
  ) {
    const entry = new URL('../../container/job-main.js', import.meta.url);
    this.#pool = new WorkerPool(entry, nrWorkers, SILENCE_MS_MAX);
  }

  /** Never rejects: whatever goes wrong with a job is its row. */
  readonly doJob: DoJob = async (job, from) => {
    const done = await this.#done(job, from);
    return { row: JSON.stringify(done), isFailed: hasFailed(done) };
  };

  async #done(job: Job, from: string): Promise<DoneJob> {
    const missing = modulesOf(job).find((module) => !this.modules.includes(module));
    if (missing !== undefined)
      return brokenJob(job, `no worker was started with the module ${quoted(missing)}; name it to vacate worker too`);
    const found: DoneJob[] = [];
    try {
      await this.#pool.run({ job, from }, (done) => found.push(done));
    } catch (error) {
      if (found.length === 0) return brokenJob(job, error instanceof Error ? error.message : String(error));
    }
    return found[0]!;
  }

  /** Ends all threads, in the middle of what they do. */
  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
