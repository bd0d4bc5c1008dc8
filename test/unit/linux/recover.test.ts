import fc from 'fast-check';
import { runOffline } from '../../../src/linux/hotplug/offline-run.js';
import { type Recovery, recoverRun } from '../../../src/linux/hotplug/recover-run.js';
import { runsIn } from '../../../src/linux/journal/journal-runs.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { type FakeBlock, type FakeKernel, Killed, type Manner } from './fake-kernel.js';
import { BOOT, GOES, kernelOf, Log, movable, taskOf } from './run-kit.js';

/** Where a run is killed: at its n-th line, of which so much is on disk. */
interface Death {
  readonly line: number;
  readonly written: 'none' | 'half' | 'all';
}

class MortalLog extends Log {
  #lines = 0;

  constructor(private readonly death: Death) {
    super();
  }

  override append(record: Parameters<Log['append']>[0]): void {
    if (this.#lines > this.death.line) throw new Killed();
    const before = this.text;
    super.append(record);
    if (this.#lines++ < this.death.line) return;
    const line = this.text.slice(before.length);
    const kept = { none: '', half: line.slice(0, line.length / 2), all: line }[this.death.written];
    this.text = before + kept;
    throw new Killed();
  }
}

/** As a new process does it: what was cut short is marked, and the rest is read. */
async function recover(kernel: FakeKernel, text: string, boot = BOOT): Promise<{ recoveries: Recovery[]; log: Log }> {
  const log = new Log();
  log.text = text;
  if (text !== '' && !text.endsWith('\n')) log.text += '\n{"kind":"torn"}\n';
  const runs = runsIn(log.text);
  if (runs === null) throw new Error(`not a journal: ${text}`);
  const recoveries: Recovery[] = [];
  for (const run of runs.filter(({ outcome }) => outcome === null))
    recoveries.push(await recoverRun(run, { states: kernel, log, clock: kernel, boot, end: () => {} }));
  return { recoveries, log };
}

const manners = fc.oneof(
  { weight: 4, arbitrary: fc.nat(800).map((afterMs): Manner => ({ does: 'go', afterMs })) },
  { weight: 1, arbitrary: fc.nat(800).map((afterMs): Manner => ({ does: 'refuse', afterMs, error: 'EBUSY' })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(50), fc.boolean())
      .map(([pages, isFailing]): Manner => ({ does: 'loop', pages, isFailing })),
  },
);
const blocks = fc.record<FakeBlock>({
  zone: fc.constantFrom('Normal', 'Movable'),
  state: fc.oneof(
    { weight: 5, arbitrary: fc.constant(BLOCK_ONLINE) },
    { weight: 1, arbitrary: fc.constant(BLOCK_OFFLINE) },
  ),
  refusesOnline: fc.nat(2),
  offline: manners,
});
const machines = fc.array(blocks, { minLength: 1, maxLength: 5 });
const copyOf = (machine: readonly FakeBlock[]) => machine.map((block) => ({ ...block }));

describe('whatever happens, the states of all blocks are as before', () => {
  const limits = fc.record({
    timeoutMs: fc.integer({ min: 1, max: 4000 }),
    stallMs: fc.integer({ min: 100, max: 3000 }),
  });

  it('after a run that fails', async () => {
    await fc.assert(
      fc.asyncProperty(machines, limits, async (machine, { timeoutMs, stallMs }) => {
        const kernel = kernelOf(...copyOf(machine));
        const before = kernel.picture;
        const end = await runOffline(taskOf(kernel, new Log().begin(), { timeoutMs, stallMs }));
        if (end.outcome !== 'done') expect(kernel.picture).toEqual(before);
        else expect([...kernel.blocks.values()].every(({ state }) => state === BLOCK_OFFLINE)).toBe(true);
        expect(end.isSettled).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  const deaths = fc.record<Death>({
    line: fc.integer({ min: 1, max: 24 }),
    written: fc.constantFrom('none', 'half', 'all'),
  });

  it('after a run that is killed at any line of its journal, and recovered', async () => {
    let nrKilled = 0;
    await fc.assert(
      fc.asyncProperty(machines, limits, deaths, fc.boolean(), async (machine, limit, death, wasFaster) => {
        const kernel = kernelOf(...copyOf(machine));
        const before = kernel.picture;
        const log = new MortalLog(death);
        log.begin();
        const end = await runOffline(taskOf(kernel, log, limit)).catch((error: unknown) => {
          if (error instanceof Killed) return null;
          throw error;
        });
        if (end === null) nrKilled++;
        // Killed behind its last word: all had gone, and was meant to stay.
        if (runsIn(log.text)?.[0]?.outcome === 'done') return;
        kernel.dieWithParent(wasFaster);
        const { recoveries, log: after } = await recover(kernel, log.text);
        expect(kernel.picture).toEqual(before);
        expect(recoveries.every(({ isRecovered }) => isRecovered)).toBe(true);
        expect(runsIn(after.text)?.every(({ outcome }) => outcome !== null)).toBe(true);
        expect((await recover(kernel, after.text)).recoveries).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(nrKilled).toBeGreaterThan(50);
  }, 60_000);

  it('after a recovery that is killed as well, and done again', async () => {
    const lines = fc.integer({ min: 0, max: 8 });
    await fc.assert(
      fc.asyncProperty(machines, deaths, lines, async (machine, death, line) => {
        const kernel = kernelOf(...copyOf(machine));
        const before = kernel.picture;
        const log = new MortalLog(death);
        log.begin();
        await runOffline(taskOf(kernel, log)).catch(() => {});
        if (runsIn(log.text)?.[0]?.outcome !== null) return;
        kernel.dieWithParent(true);
        const [run] = runsIn(log.text)!;
        const second = new MortalLog({ line, written: 'all' });
        await recoverRun(run!, { states: kernel, log: second, clock: kernel, boot: BOOT, end: () => {} }).catch(
          () => {},
        );
        const torn = log.text.endsWith('\n') ? '' : '\n{"kind":"torn"}\n';
        await recover(kernel, log.text + torn + second.text);
        expect(kernel.picture).toEqual(before);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a run that was killed', () => {
  const killed = async (kernel: FakeKernel, line: number) => {
    const log = new MortalLog({ line, written: 'all' });
    await runOffline(taskOf(kernel, log.begin() as MortalLog)).catch(() => {});
    kernel.dieWithParent(false);
    return log.text;
  };

  it('in an earlier boot is closed, and its blocks are left alone', async () => {
    const kernel = kernelOf(movable(), movable());
    const text = await killed(kernel, 2);
    const before = kernel.picture;
    const { recoveries } = await recover(kernel, text, '11111111-3b51-4d3c-9a3e-7f0c6d2a9b11');
    expect(recoveries).toMatchObject([{ isOfEarlierBoot: true, blocks: [], isRecovered: true }]);
    expect(kernel.picture).toEqual(before);
  });

  it('while its DIMM was ejected has blocks that are gone', async () => {
    const kernel = kernelOf(movable(), movable());
    const text = await killed(kernel, 4);
    kernel.blocks.delete(33);
    const { recoveries } = await recover(kernel, text);
    expect(recoveries).toMatchObject([{ gone: [33], broughtBack: [{ block: 32, isBack: true }], isRecovered: true }]);
  });

  it('stays open if a block cannot be brought back', async () => {
    const kernel = kernelOf(movable(GOES, { refusesOnline: 9 }));
    const text = await killed(kernel, 2);
    const { recoveries, log } = await recover(kernel, text);
    expect(recoveries).toMatchObject([{ isRecovered: false }]);
    expect(runsIn(log.text)?.[0]?.outcome).toBeNull();
  });
});
