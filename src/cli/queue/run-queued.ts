import { VacateError } from '../../base/vacate-error.js';
import type { RedisAccess } from '../../queue/connection.js';
import type { NamedJob } from '../../queue/queue-run.js';
import type { Job } from '../../workers/job.js';
import type { Context } from '../context.js';
import { version } from '../version.js';
import type { ClientChoice } from './queue-options.js';
import { checkNoRedis, redisAccess } from './redis-access.js';

/** A row names its job. */
interface Row {
  readonly id: string;
}

export interface RunQueuedOptions<Done extends Row> {
  readonly access: RedisAccess;
  readonly options: ClientChoice;
  readonly jobs: readonly NamedJob[];
  readonly perBundle: number;
  readonly onRow: (row: Done) => void;
  /** Null for a text that is no row. */
  readonly parse: (text: string) => Done | null;
  /** The row of a job that will have none, and why. */
  readonly broken: (job: Job, because: string) => Done;
  /** What there is if it ends now, as part of a sentence. */
  readonly kept: () => string;
}

/**
 * The queue that the command line names, if there is one, and it can be used; null if it names none.
 *
 * @throws VacateError kind 'host' or 'usage'.
 */
export async function openQueue(options: ClientChoice): Promise<RedisAccess | null> {
  const { redis } = options;
  if (redis === undefined) {
    checkNoRedis(options);
    return null;
  }
  const access = redisAccess({ ...options, redis });
  const { checkRedis } = await import('../../queue/connection.js');
  await checkRedis(access);
  return access;
}

/**
 * Has jobs done by workers elsewhere.
 *
 * @throws VacateError kind 'host' if there was no Redis, or no worker, for as long as the user wants to wait.
 */
export async function runQueued<Done extends Row>(
  context: Context,
  { access, options, jobs, perBundle, onRow, parse, broken, kept }: RunQueuedOptions<Done>,
): Promise<'finished' | 'interrupted'> {
  const { QueueRun } = await import('../../queue/queue-run.js');
  const end = await QueueRun.run({
    ...{ access, version: version(), from: process.cwd(), jobs, perBundle },
    ...{ priority: options.priority, waitMs: options.wait },
    interrupted: () => context.interrupts.interrupted,
    onRow: (id, text) => {
      const row = parse(text);
      if (row === null || row.id !== id) return false;
      onRow(row);
      return true;
    },
    onBroken: (job, because) => onRow(broken(job, because)),
    tell: (sentence) => context.note(sentence),
  });
  if (end.ended === 'alone') throw new VacateError('host', `gave up waiting: ${end.because}; ${kept()}`);
  return end.ended;
}
