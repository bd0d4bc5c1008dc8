import { z } from 'zod';
import type { Job } from '../workers/job.js';

/** What one message of the queue holds: jobs that a worker does one after the other. */
export interface Bundle {
  /** The run of a client that waits for them. */
  readonly run: string;
  /** Where names of files begin that are not absolute: the client's own folder. */
  readonly from: string;
  readonly jobs: readonly Job[];
}

/** So many jobs have small bundles that one worker is not busy with the last of them for long. */
export const BUNDLE_JOBS_MAX = 16;

const TEXT_MAX = 4 * 2 ** 20;
const PATH_MAX = 4096;

const path = z.string().max(PATH_MAX);
const machine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('scenario'), where: path, text: z.string().max(TEXT_MAX) }),
  z.strictObject({ kind: z.literal('capture'), name: path, where: path, fingerprint: z.string().max(64) }),
]);
const job = z.strictObject({
  machine,
  command: z.string().max(64),
  options: z.json(),
  seed: z.number().int().nullable(),
  vacate: z.string().max(64),
});
const bundle = z.strictObject({
  run: z.string().regex(/^[\da-f]{32}$/),
  from: path.regex(/^\//),
  jobs: z.array(job).min(1).max(BUNDLE_JOBS_MAX),
});

/** Null for what no client of ours has put there. */
export function readBundle(value: unknown): Bundle | null {
  try {
    bundle.parse(value);
  } catch {
    // What is nested too deep for any schema among it.
    return null;
  }
  // Names of jobs hang on every byte of them, and on nothing that a schema makes of them.
  return value as Bundle;
}
