import { captureFingerprint } from '../../capture/fingerprint.js';
import type { Cell } from '../../compare/cell.js';
import { cellFrom } from '../../compare/read-cell.js';
import type { CompareTask } from '../../compare/task.js';
import { brokenGroup, type DoneGroup, groupJob } from '../../container/group-job.js';
import type { RedisAccess } from '../../queue/connection.js';
import type { NamedJob } from '../../queue/queue-run.js';
import { jobId } from '../../workers/job.js';
import type { Context } from '../context.js';
import type { ClientChoice } from '../queue/queue-options.js';
import { runQueued } from '../queue/run-queued.js';
import { version } from '../version.js';

export interface RunGroupsQueuedOptions {
  readonly access: RedisAccess;
  readonly options: ClientChoice;
  readonly tasks: readonly CompareTask[];
  readonly onCell: (cell: Cell) => void;
  /** What there is if it ends now, as part of a sentence. */
  readonly kept: () => string;
}

/** A group is large enough to be a message by itself. */
const PER_BUNDLE = 1;

/** Runs groups of cells on workers elsewhere. */
export function runGroupsQueued(
  context: Context,
  { access, options, tasks, onCell, kept }: RunGroupsQueuedOptions,
): Promise<'finished' | 'interrupted'> {
  return runQueued<DoneGroup>(context, {
    ...{ access, options, kept, jobs: tasks.map(namedJob), perBundle: PER_BUNDLE },
    onRow: ({ cells }) => cells.forEach(onCell),
    parse: parseGroup,
    broken: (job, because) => brokenGroup(jobId(job), job, because),
  });
}

function namedJob(task: CompareTask): NamedJob {
  const { source, group } = task;
  const job = groupJob(
    task,
    source.kind === 'scenario'
      ? source
      : {
          ...{ kind: 'capture', name: group.machine, where: source.directory },
          fingerprint: captureFingerprint(source.directory),
        },
    version(),
  );
  return { id: jobId(job), job };
}

/** What a worker has made of a group; null for what is none. */
export function parseGroup(text: string): DoneGroup | null {
  try {
    const value = JSON.parse(text) as { readonly id?: unknown; readonly cells?: unknown };
    if (typeof value.id !== 'string' || !Array.isArray(value.cells)) return null;
    return value.cells.every((cell) => cellFrom(cell) !== null) ? (value as DoneGroup) : null;
  } catch {
    return null;
  }
}
