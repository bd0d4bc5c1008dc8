import { captureFingerprint } from '../capture/fingerprint.js';
import type { CellNews } from '../compare/task.js';
import type { PoolCall } from '../workers/pool-call.js';
import { type DoneJob, doJob, type JobCall, placeOf } from './do-job.js';
import { brokenGroup, taskOfJob } from './group-job.js';

/** A worker that does one job, and posts what came of it; of a comparison, each cell when it is finished. */
export default async function runJobTask({ task, port }: PoolCall<JobCall>): Promise<number> {
  if (task.job.command === 'compare-group') return runGroupJob(task, port);
  const done: DoneJob = await doJob(task);
  port.postMessage(done);
  return 1;
}

async function runGroupJob({ job, from }: JobCall, port: PoolCall<JobCall>['port']): Promise<number> {
  const { machine } = job;
  const place = placeOf(machine.where, from);
  const post = (cell: CellNews['cell']) => {
    // Said as whoever asked would name it, or cells would tell who has run them.
    const because =
      machine.kind === 'capture' ? (cell.because?.replaceAll(place, machine.where) ?? null) : cell.because;
    port.postMessage({ cell: { ...cell, because }, recording: null } satisfies CellNews);
  };
  if (machine.kind === 'capture' && captureFingerprint(place) !== machine.fingerprint) {
    const { cells } = brokenGroup('', job, 'it is not what it was when the run began; run again');
    for (const cell of cells) post(cell);
    return cells.length;
  }
  const { default: runTask } = await import('./worker-main.js'); // strategies are much code, and a fleet needs none
  return runTask({
    task: taskOfJob(job, place),
    port: { postMessage: (news) => post((news as CellNews).cell) },
  });
}
