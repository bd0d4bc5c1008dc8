import { setTimeout as after } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { driveJob, type JobEnd, runJob } from '../../../src/container/run-job.js';
import { type DriveOptions, type Job, JobStopped, runToEnd, VacateError } from '../../../src/index.js';

const FOR_EVER = Number.POSITIVE_INFINITY;

/** Counts to `total`, and notes when it begins and that it was cleaned up. */
function* counting(total: number, log: string[] = []): Job<string> {
  log.push('begun');
  try {
    for (let done = 0; done < total; done++) yield { step: 'migrating', done, total };
    return 'counted';
  } finally {
    log.push('cleaned up');
  }
}

/** A signal, and an `onPause` that aborts it at the pause of this number. */
function stopAt(nrPauses: number, reason: unknown = new Error('enough')): Required<DriveOptions> & { pauses: number } {
  const controller = new AbortController();
  const stop = {
    signal: controller.signal,
    pauses: 0,
    onPause: () => {
      if (++stop.pauses === nrPauses) controller.abort(reason);
    },
  };
  return stop;
}

type Drive = (job: Job<string>, options?: DriveOptions) => Promise<string>;

const DRIVERS: readonly (readonly [name: string, drive: Drive])[] = [
  ['runToEnd', async (job, options) => runToEnd(job, options)],
  ['runJob', (job, options) => runJob(job, options)],
];

describe.each(DRIVERS)('%s', (_name, drive) => {
  it('runs a job to its end', async () => {
    const log: string[] = [];
    await expect(drive(counting(1000, log))).resolves.toBe('counted');
    expect(log).toEqual(['begun', 'cleaned up']);
  });

  it('goes no step further once the signal is aborted, and throws with its reason when all is put back', async () => {
    const log: string[] = [];
    const reason = new Error('the client hung up');
    const stop = stopAt(3, reason);
    const error = await drive(counting(FOR_EVER, log), stop).catch((thrown: unknown) => thrown);
    expect(stop.pauses).toBe(3);
    expect(log).toEqual(['begun', 'cleaned up']);
    expect(JobStopped.is(error) && VacateError.is(error)).toBe(true);
    expect(error).toMatchObject({ kind: 'stopped', reason, cause: reason, progress: { step: 'migrating', done: 2 } });
    expect((error as Error).message).toMatch(
      /^the job was stopped while migrating, at 2 of .* \(the client hung up\), /,
    );
  });

  it('does not begin if the signal was aborted before', async () => {
    const log: string[] = [];
    const stopped = drive(counting(3, log), { signal: AbortSignal.abort('too late') });
    await expect(stopped).rejects.toMatchObject({ kind: 'stopped', reason: 'too late', progress: { total: 0 } });
    await expect(stopped).rejects.toThrow('the job was stopped before it began (too late)');
    expect(log).toEqual([]);
  });

  it('gives the result of a job that ends before anybody looks at the signal', async () => {
    const controller = new AbortController();
    const last = (function* (): Job<string> {
      yield { step: 'finishing', done: 1, total: 1 };
      controller.abort();
      return 'done';
    })();
    await expect(drive(last, { signal: controller.signal })).resolves.toBe('done');
  });

  it('lets an error of the job through, and is no stop', async () => {
    const failing = (function* (): Job<string> {
      yield { step: 'scanning', done: 0, total: 1 };
      throw new RangeError('broken');
    })();
    const error = await drive(failing).catch((thrown: unknown) => thrown);
    expect(error).toEqual(new RangeError('broken'));
    expect(JobStopped.is(error)).toBe(false);
  });

  it('undoes the job if whoever is told of its pauses throws', async () => {
    const log: string[] = [];
    const onPause = () => {
      throw new RangeError('the listener broke');
    };
    await expect(drive(counting(FOR_EVER, log), { onPause })).rejects.toThrow('the listener broke');
    expect(log).toEqual(['begun', 'cleaned up']);
  });

  it('lets a job pause while it puts things back, but not for ever', async () => {
    const log: string[] = [];
    const slow = (function* (): Job<string> {
      try {
        for (;;) yield { step: 'migrating', done: 0, total: 1 };
      } finally {
        yield { step: 'finishing', done: 0, total: 1 };
        log.push('cleaned up');
      }
    })();
    await expect(drive(slow, stopAt(2))).rejects.toMatchObject({ kind: 'stopped' });
    expect(log).toEqual(['cleaned up']);
    const stubborn = (function* (): Job<string> {
      try {
        for (;;) yield { step: 'migrating', done: 0, total: 1 };
      } finally {
        for (;;) yield { step: 'waiting', done: 0, total: 1 };
      }
    })();
    await expect(drive(stubborn, stopAt(2))).rejects.toMatchObject({ kind: 'plugin' });
  });
});

describe('runJob', () => {
  it('lets others run between two slices, and they may abort the signal', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    let others = 0;
    const timer = setInterval(() => {
      if (++others === 5) controller.abort(new Error('others did it'));
    }, 1);
    const stopped = runJob(counting(FOR_EVER, log), { signal: controller.signal, sliceMs: 2 });
    await expect(stopped).rejects.toMatchObject({ reason: { message: 'others did it' } });
    clearInterval(timer);
    expect(log).toEqual(['begun', 'cleaned up']);
  });

  it('stops a job whose time is up, as AbortSignal.timeout() does', async () => {
    const log: string[] = [];
    const begun = performance.now();
    const stopped = runJob(counting(FOR_EVER, log), { timeoutMs: 30 });
    await expect(stopped).rejects.toMatchObject({ kind: 'stopped', reason: { name: 'TimeoutError' } });
    await expect(stopped).rejects.toThrow('(its time of 30 ms was up)');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(30);
    expect(log).toEqual(['begun', 'cleaned up']);
    const signal = AbortSignal.timeout(20);
    await expect(runJob(counting(FOR_EVER), { signal })).rejects.toMatchObject({ reason: { name: 'TimeoutError' } });
  });

  it('has no time for a job that has none', async () => {
    const log: string[] = [];
    await expect(runJob(counting(3, log), { timeoutMs: 0 })).rejects.toMatchObject({ kind: 'stopped' });
    expect(log).toEqual([]);
  });

  it.each([{ timeoutMs: Number.NaN }, { timeoutMs: -1 }, { sliceMs: Number.NaN }])(
    'does not take %p',
    async (options) => {
      const log: string[] = [];
      await expect(runJob(counting(3, log), options)).rejects.toMatchObject({ kind: 'usage' });
      expect(log).toEqual([]);
    },
  );

  it('tells after each slice where the job stands, and waits for whoever is told', async () => {
    const told: number[] = [];
    let inside = 0;
    const onProgress = async ({ done }: { readonly done: number }) => {
      inside++;
      await after(1);
      told.push(done);
      expect(inside--).toBe(1);
    };
    await runJob(counting(20), { sliceMs: 0, onProgress });
    expect(told).toEqual(Array.from({ length: 20 }, (_, done) => done));
  });

  it('undoes the job if whoever is told of its progress fails', async () => {
    const log: string[] = [];
    const onProgress = () => Promise.reject(new RangeError('the display broke'));
    await expect(runJob(counting(FOR_EVER, log), { onProgress })).rejects.toThrow('the display broke');
    expect(log).toEqual(['begun', 'cleaned up']);
  });

  describe('where there is no setImmediate', () => {
    const { setImmediate: original } = globalThis;
    afterEach(() => {
      globalThis.setImmediate = original;
    });

    it('lets others run all the same', async () => {
      globalThis.setImmediate = undefined as never;
      const onTimer = jest.fn();
      setTimeout(onTimer, 0);
      await runJob(counting(50), { sliceMs: 0 });
      expect(onTimer).toHaveBeenCalledTimes(1);
    });
  });
});

describe('driveJob', () => {
  const endOf = (end: JobEnd<string>) => ({ ...end, busyMs: end.busyMs >= 0 });

  it('says how a job ended, without throwing, and how long it ran', async () => {
    expect(endOf(await driveJob(counting(3), {}))).toEqual({ ended: 'finished', result: 'counted', busyMs: true });
    const stop = stopAt(2, 'enough');
    const progress = { step: 'migrating', done: 1, total: 9 };
    const aborted = await driveJob(counting(9), stop);
    expect(endOf(aborted)).toEqual({ ended: 'aborted', reason: 'enough', progress, busyMs: true });
    expect(await driveJob(counting(FOR_EVER), { timeoutMs: 5 })).toMatchObject({ ended: 'timeout' });
  });

  it('does not count the time of others', async () => {
    const { busyMs } = await driveJob(counting(5), { sliceMs: 0, onProgress: () => after(10) });
    expect(busyMs).toBeLessThan(25);
  });
});
