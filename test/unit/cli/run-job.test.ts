import { runJob } from '../../../src/cli/run-job.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import {
  BLOCK_ONLINE,
  createEvacuator,
  type Dimm,
  type Job,
  loadPlugins,
  type Machine,
  simModule,
} from '../../../src/index.js';
import { machineFromScenario, parseScenario } from '../../../src/scenario/index.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';

const FOREVER = { interrupted: () => false, timeoutMs: null };

/** Counts to `total`, and notes whether it was cleaned up. */
function* counting(total: number, log: string[]): Job<string> {
  try {
    for (let done = 0; done < total; done++) yield { step: 'migrating', done, total };
    return 'counted';
  } finally {
    log.push('cleaned up');
  }
}

describe('runJob', () => {
  it('runs a job to its end', async () => {
    const log: string[] = [];
    const end = await runJob(counting(1000, log), FOREVER);
    expect(end).toMatchObject({ ended: 'finished', result: 'counted' });
    expect(log).toEqual(['cleaned up']);
  });

  it('tells of every pause, and lets others run between two slices', async () => {
    let pauses = 0;
    let others = 0;
    const timer = setInterval(() => others++, 1);
    const onPause = () => {
      pauses++;
      const until = performance.now() + 2;
      while (performance.now() < until);
    };
    await runJob(counting(60, []), { ...FOREVER, sliceMs: 5, onPause });
    clearInterval(timer);
    expect(pauses).toBe(60);
    expect(others).toBeGreaterThan(5);
  });

  it('stops a job that is interrupted, and says where it stood', async () => {
    const log: string[] = [];
    const end = await runJob(counting(Number.POSITIVE_INFINITY, log), { ...FOREVER, interrupted: () => true });
    expect(end).toMatchObject({ ended: 'interrupted', progress: { step: 'migrating' } });
    expect(log).toEqual(['cleaned up']);
  });

  it('stops a job whose time is up', async () => {
    const log: string[] = [];
    const begun = performance.now();
    const end = await runJob(counting(Number.POSITIVE_INFINITY, log), { ...FOREVER, timeoutMs: 30 });
    expect(end.ended).toBe('timeout');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(30);
    expect(log).toEqual(['cleaned up']);
  });

  it('lets an error of the job through', async () => {
    const failing = (function* (): Job<never> {
      yield { step: 'scanning', done: 0, total: 1 };
      throw new RangeError('broken');
    })();
    await expect(runJob(failing, FOREVER)).rejects.toThrow('broken');
  });
});

describe('an offline job that is stopped after any number of pauses', () => {
  const NAMES = ['nonlinear', 'swap-backed', 'anonymous', 'file-backed', 'movable-ops'];

  function busyMachine(): Machine {
    const text = `
      name: small
      blockSize: 4MiB
      dma32: 8MiB
      swap: 8MiB
      contents: token
      nodes: [{ boot: 32MiB, dimms: [{ name: dimm0, size: 8MiB, zone: movable }] }]
      workloads:
        - { kind: anonymous, size: 4MiB, processes: 3, sharedByFork: 0.3, on: dimm0 }
        - { kind: files, size: 2MiB, files: 3, mapped: 0.5, dirty: 0.3, buffers: 0.3, on: dimm0 }`;
    return machineFromScenario(parseScenario(text, 'small.yaml'));
  }

  let plugins: PageType[] = [];

  beforeAll(async () => {
    plugins = await loadPlugins(
      NAMES.map((name) => new URL(`../../../plugins/${name}/index.ts`, import.meta.url).href),
    );
  });

  // Isolation, then each of the phases of the first batch, then some in later ones.
  it.each([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 30])('leaves the machine whole: %d pauses', async (nrPauses) => {
    const machine = busyMachine();
    const evacuator = createEvacuator({ host: simModule(machine), plugins });
    const { range } = machine.spec.dimms[0] as Dimm;
    const first = range.start / machine.spec.blockPages;
    const ledger = takeLedger(machine);
    let pauses = 0;
    const end = await runJob(evacuator.offline({ blocks: [first, first + 1] }), {
      timeoutMs: null,
      interrupted: () => pauses >= nrPauses,
      sliceMs: 0,
      onPause: () => pauses++,
    });
    expect(end.ended).toBe('interrupted');
    expect(evacuator.host.validate()).toEqual([]);
    expect(compareLedger(machine, ledger)).toMatchObject({ wrong: 0 });
    expect([machine.blockState[first], machine.blockState[first + 1]]).toEqual([BLOCK_ONLINE, BLOCK_ONLINE]);
    expect(machine.nrIsolatedFree.every((pages) => pages === 0)).toBe(true);
  });
});
