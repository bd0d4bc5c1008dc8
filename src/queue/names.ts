/*
 * Names of everything in Redis. All but the list of workers has the version in it: no worker of another version ever sees
 * a job of ours.
 */

/** Under which the queue has its keys, and what it is called there. */
export const queuePrefix = (version: string) => `vacate:${version}`;
export const QUEUE_NAME = 'jobs';

/** Who works, of whichever version; scores are milliseconds at which a worker counts as gone. */
export const WORKERS_KEY = 'vacate:workers';

/** What one run of a client has in Redis. */
export interface RunKeys {
  /** There as long as the client is: what nobody waits for is not done. */
  readonly alive: string;
  /** Names of the jobs that have their rows. */
  readonly seen: string;
  /** A stream of rows, each once, until the client has taken them. */
  readonly rows: string;
}

export function runKeys(version: string, run: string): RunKeys {
  const start = `vacate:${version}:run:${run}`;
  return { alive: `${start}:alive`, seen: `${start}:seen`, rows: `${start}:rows` };
}
