import { createHash } from 'node:crypto';

/** What a job is done on: text that every worker gets as it is, or files that every worker can reach, and how they were. */
export type JobMachine =
  | { readonly kind: 'scenario'; readonly where: string; readonly text: string }
  | { readonly kind: 'capture'; readonly name: string; readonly where: string; readonly fingerprint: string };

/** What JSON can hold: jobs are sent to other processes and hosts. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * One piece of work, for this process or for any other: a machine, what to do with it, how, and where chance begins. What
 * comes of it depends on nothing else, so that it can be done again, by anybody, and counts once.
 */
export interface Job {
  readonly machine: JobMachine;
  readonly command: string;
  readonly options: Json;
  /** Null where chance plays no part. */
  readonly seed: number | null;
  /** Version of this package: another one may come to something else. */
  readonly vacate: string;
}

/** A job's name: SHA-256 of all that it is, the first 128 bits in hexadecimal. */
export function jobId(job: Job): string {
  return createHash('sha256')
    .update(canonical(job as unknown as Json))
    .digest('hex')
    .slice(0, 32);
}

/** The same text for the same value, in whichever order its keys were written. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as { readonly [key: string]: Json }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
