import { expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { runJob } from '../../../src/container/run-job.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { MigrationReport } from '../../../src/migration/migration-report.js';
import type { Progress } from '../../../src/migration/migration-run.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import type { Job } from '../../../src/strategies/strategy.js';
import { anonProcess, expectSound, framesOf, PLUGINS, settle, smallMachine } from '../sim/small-machine.js';

const N = 1200;

function open() {
  const m = smallMachine({ pages: 4096 });
  const pfns = Uint32Array.from(framesOf(m, anonProcess(m, N), N)).sort();
  settle(m);
  const errors: unknown[] = [];
  const events = new PageEvents({ onListenerError: (error) => errors.push(error) });
  return { m, pfns, errors, events, service: new MigrationService(new SimHost(m), PLUGINS, events) };
}

it('a listener that migrates is told that it must not, and nothing of its own is in hand', () => {
  const { m, pfns, errors, events, service } = open();
  events.batches$.subscribe(() => void service.migrate({ pfns, mode: MIGRATE_SYNC }));
  expect(service.migrate({ pfns, mode: MIGRATE_SYNC })).toMatchObject({ migrated: N, refused: [] });
  expect(errors).toHaveLength(1);
  expect(VacateError.is(errors[0]) && errors[0].kind).toBe('usage');
  expect((errors[0] as Error).message).toMatch(
    /^a listener to pages must not migrate any .* after the job has paused$/,
  );
  expectSound(m);
});

it('a listener that drives another run on, which had begun before, ends it: its pages come to rest', () => {
  const { m, pfns, errors, events, service } = open();
  const other = service.steps({ pfns: pfns.slice(600), mode: MIGRATE_SYNC });
  for (let i = 0; i < 5; i++) other.next();
  events.batches$.subscribe(() => void other.next());
  const report = service.migrate({ pfns: pfns.slice(0, 600), mode: MIGRATE_SYNC });
  expect(report).toMatchObject({ migrated: 600, refused: [] });
  expect(errors).toMatchObject([{ kind: 'usage' }]);
  expect(other.next()).toEqual({ done: true, value: undefined });
  expectSound(m);
});

it('a listener may stop another run', () => {
  const { m, pfns, errors, events, service } = open();
  const other = service.steps({ pfns: pfns.slice(600), mode: MIGRATE_SYNC });
  for (let i = 0; i < 7; i++) other.next();
  events.batches$.subscribe(() => void other.return(undefined as never));
  expect(service.migrate({ pfns: pfns.slice(0, 600), mode: MIGRATE_SYNC })).toMatchObject({ migrated: 600 });
  expect(errors).toEqual([]);
  // What had passed the freeze has arrived, and the totals have it, although nobody could be told.
  expect(events.totals[0]! + events.totals[1]!).toBe(600 + 512);
  expectSound(m);
});

it('a listener that blocks does not keep a job beyond its time by more than a pause', async () => {
  const { m, pfns, events, service } = open();
  let told = 0;
  events.batches$.subscribe(() => {
    told++;
    const until = performance.now() + 30;
    while (performance.now() < until);
  });
  function* job(): Job<MigrationReport> {
    const steps: Generator<Progress, MigrationReport> = service.steps({ pfns, mode: MIGRATE_SYNC });
    try {
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        yield { step: 'migrating', done: step.value.settled, total: pfns.length };
      }
    } finally {
      steps.return(undefined as never);
    }
  }
  await expect(runJob(job(), { timeoutMs: 5 })).rejects.toMatchObject({ kind: 'stopped' });
  // One batch at most went on while the time ran out; the other was told of on the way to rest.
  expect(told).toBeLessThan(3);
  expectSound(m);
});
