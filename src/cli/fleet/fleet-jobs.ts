import { VacateError } from '../../base/vacate-error.js';
import { captureFingerprint } from '../../capture/fingerprint.js';
import type { FleetForecastOptions } from '../../container/do-job.js';
import type { NamedJob } from '../../queue/queue-run.js';
import { atOnce } from '../../remote/at-once.js';
import { isUrl } from '../../remote/capture-url.js';
import { RemoteCapture } from '../../remote/remote-capture.js';
import { type Job, jobId } from '../../workers/job.js';
import type { Context } from '../context.js';
import { Interrupted } from '../interrupts.js';
import { shortNames } from '../short-names.js';
import { version } from '../version.js';

/** A job of a fleet; `because` says why there is nothing to do, null if there is. */
export interface FleetJob extends NamedJob {
  readonly because: string | null;
}

/** So many servers' captures are looked at a time. */
const LOOKS_AT_ONCE = 8;
/** What a capture is known by that nobody could look at. */
const UNKNOWN = 'unknown';

/** A job for each capture, named by what it is now. A server that does not answer costs its own captures and no others. */
export async function fleetJobs(
  context: Context,
  captures: readonly string[],
  options: FleetForecastOptions,
): Promise<FleetJob[]> {
  const names = shortNames(captures);
  const label = { label: 'looking at captures', total: captures.filter(isUrl).length, unit: 'captures' };
  let done = 0;
  return atOnce(
    LOOKS_AT_ONCE,
    captures.map((where, at) => ({ where, name: names[at]! })),
    async ({ where, name }) => {
      if (context.interrupts.interrupted) throw new Interrupted('no host was asked yet');
      const { fingerprint, because } = isUrl(where)
        ? await fingerprintThere(where)
        : { fingerprint: captureFingerprint(where), because: null };
      if (isUrl(where)) context.progress.update({ ...label, done: ++done });
      const machine = { kind: 'capture', name, where, fingerprint } as const;
      const job: Job = { machine, command: 'fleet-forecast', options, seed: null, vacate: version() };
      return { id: jobId(job), job, because };
    },
  );
}

async function fingerprintThere(where: string): Promise<{ fingerprint: string; because: string | null }> {
  try {
    return { fingerprint: (await RemoteCapture.open(where)).fingerprint, because: null };
  } catch (error) {
    if (!VacateError.is(error)) throw error;
    return { fingerprint: UNKNOWN, because: error.message };
  }
}
