import { quoted } from '../../base/quoted.js';
import { type Cell, idOf } from '../../compare/cell.js';
import { failedCell } from '../../compare/run-group.js';
import type { CellNews } from '../../compare/task.js';
import { brokenJob, type DoneJob, hasFailed, type JobCall, modulesOf } from '../../container/do-job.js';
import { brokenGroup, cellsOfJob, type DoneGroup, withCells } from '../../container/group-job.js';
import type { DoJob } from '../../queue/queue-worker.js';
import { type Job, jobId } from '../../workers/job.js';
import { WorkerPool } from '../../workers/worker-pool.js';
import { SILENCE_MS_MAX } from '../engine/run-tasks.js';

/** Threads that do jobs of whichever command, as many at a time as there are threads. */
export class JobPool {
  readonly #pool: WorkerPool<JobCall, DoneJob | CellNews>;

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
    const missing = modulesOf(job).find((module) => !this.modules.includes(module));
    const because =
      missing === undefined
        ? null
        : `no worker was started with the module ${quoted(missing)}; name it to vacate worker too`;
    if (job.command === 'compare-group') {
      const group = because === null ? await this.#group(job, from) : brokenGroup(jobId(job), job, because);
      return { row: JSON.stringify(group), isFailed: group.cells.every(({ ended }) => ended === 'error') };
    }
    const done = because === null ? await this.#host(job, from) : brokenJob(job, because);
    return { row: JSON.stringify(done), isFailed: hasFailed(done) };
  };

  async #host(job: Job, from: string): Promise<DoneJob> {
    const found: DoneJob[] = [];
    try {
      await this.#pool.run({ job, from }, (done) => found.push(done as DoneJob));
    } catch (error) {
      if (found.length === 0) return brokenJob(job, sentenceOf(error));
    }
    return found[0]!;
  }

  /** The cell at which a thread broke has why as its error, and another thread goes on with the next. */
  async #group(job: Job, from: string): Promise<DoneGroup> {
    const cells: Cell[] = [];
    let left = cellsOfJob(job);
    while (left.length > 0) {
      try {
        await this.#pool.run({ job: withCells(job, left), from }, (news) => cells.push((news as CellNews).cell));
        break;
      } catch (error) {
        const finished = new Set(cells.map(idOf));
        const [broken, ...rest] = left.filter((key) => !finished.has(idOf(key)));
        if (broken !== undefined) cells.push(failedCell(broken, sentenceOf(error)));
        left = rest;
      }
    }
    return { id: jobId(job), cells };
  }

  /** Ends all threads, in the middle of what they do. */
  stop(): Promise<void> {
    return this.#pool.stop();
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
