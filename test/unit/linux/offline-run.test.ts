import { setImmediate } from 'node:timers/promises';
import { VacateError } from '../../../src/base/vacate-error.js';
import { ejectDimm } from '../../../src/linux/hotplug/eject.js';
import { runOffline } from '../../../src/linux/hotplug/offline-run.js';
import { StateWriter } from '../../../src/linux/hotplug/state-writer.js';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import type { FakeKernel } from './fake-kernel.js';
import { kernelOf, Log, movable, RUN, runAll, taskOf } from './run-kit.js';

describe('a run in which all blocks go', () => {
  it('takes them in the order of the plan, and notes each write before and after', async () => {
    const kernel = kernelOf(movable(), movable(), movable());
    const log = new Log().begin();
    const end = await runOffline(taskOf(kernel, log));
    expect(end).toMatchObject({ outcome: 'done', rolledBack: null, isSettled: true });
    expect(kernel.asked).toEqual(['34 offline', '33 offline', '32 offline']);
    expect(log.kinds).toEqual(['begin', 'offline', 'wrote', 'offline', 'wrote', 'offline', 'wrote', 'end']);
  });

  it('counts a block that is offline already as done and does not touch it', async () => {
    const kernel = kernelOf(movable(), movable(undefined, { state: BLOCK_OFFLINE }));
    const end = await runAll(kernel);
    expect([end.outcome, kernel.asked]).toEqual(['done', ['32 offline']]);
  });
});

describe('a run in which one does not go', () => {
  const refuses = movable({ does: 'refuse', afterMs: 300, error: 'EBUSY' });

  it('brings the others back, each to its zone, the last first', async () => {
    const kernel = kernelOf(refuses, movable(undefined, { zone: 'Normal' }), movable());
    const before = kernel.picture;
    const end = await runAll(kernel);
    expect(end).toMatchObject({ outcome: 'refused', isSettled: true });
    expect(end.attempts.at(-1)).toMatchObject({ block: 32, obstacle: 'refused', error: 'EBUSY', pagesLeft: 1000 });
    expect(kernel.asked.slice(3)).toEqual(['33 online_kernel', '34 online_movable']);
    expect(kernel.picture).toEqual(before);
  });

  it('keeps them if that is wanted, and tries the rest', async () => {
    const kernel = kernelOf(movable(), refuses, movable());
    const end = await runAll(kernel, { keepPartial: true });
    expect(end).toMatchObject({ outcome: 'partial', rolledBack: null, isSettled: true });
    expect(kernel.asked).toEqual(['34 offline', '33 offline', '32 offline']);
  });

  it('does not bring back what was offline before', async () => {
    const kernel = kernelOf(refuses, movable(undefined, { state: BLOCK_OFFLINE }), movable());
    await runAll(kernel);
    expect(kernel.asked).toEqual(['34 offline', '32 offline', '34 online_movable']);
  });

  it('tries again where the kernel is busy with something else', async () => {
    const kernel = kernelOf(refuses, movable(undefined, { refusesOnline: 2 }));
    const before = kernel.picture;
    expect(await runAll(kernel)).toMatchObject({ outcome: 'refused', isSettled: true });
    expect(kernel.picture).toEqual(before);
  });

  it('says which block is not back, brings the others back, and leaves the run open in the journal', async () => {
    const kernel = kernelOf(refuses, movable(), movable(undefined, { refusesOnline: 9 }), movable());
    const log = new Log().begin();
    const end = await runOffline(taskOf(kernel, log));
    expect(end.isSettled).toBe(false);
    expect(end.rolledBack?.filter(({ isBack }) => !isBack)).toEqual([
      { block: 34, zone: 'Movable', isBack: false, because: 'the kernel did not take "online_movable" (EBUSY)' },
    ]);
    expect(kernel.picture.filter((line) => line.includes(' 1 '))).toHaveLength(3);
    expect(log.kinds).not.toContain('end');
  });

  it('says when a block came back into another zone', async () => {
    const kernel = kernelOf(refuses, movable(undefined, { comesBackTo: 'Normal' }));
    const { rolledBack, isSettled } = await runAll(kernel);
    expect([rolledBack?.[0]?.because, isSettled]).toEqual(['it is in zone Normal now, not in Movable', false]);
  });
});

describe('limits', () => {
  it('interrupts the kernel when no page has left for so long, and says that the same pages fail', async () => {
    const kernel = kernelOf(movable({ does: 'loop', pages: 3, isFailing: true }), movable());
    const before = kernel.picture;
    const end = await runAll(kernel, { stallMs: 2000 });
    expect(end.outcome).toBe('stalled');
    expect(end.attempts.at(-1)).toMatchObject({ pagesLeft: 1000, error: 'EINTR', stall: { cause: 'same-pages' } });
    expect(end.attempts.at(-1)!.stall!.now.pages).toBe(3);
    // The last page left after a second or so.
    expect(end.attempts.at(-1)!.seconds).toBeLessThan(3.3);
    expect(kernel.picture).toEqual(before);
  });

  it('tells a lack of room from pages that fail', async () => {
    const kernel = kernelOf(movable({ does: 'loop', pages: 300, isFailing: true }));
    kernel.room = 12;
    const end = await runAll(kernel, { stallMs: 2000 });
    expect(end.attempts[0]!.stall).toMatchObject({ cause: 'out-of-targets', targetRoom: 12 });
  });

  it('tells a kernel that waits from one that fails', async () => {
    const kernel = kernelOf(movable({ does: 'loop', pages: 1000, isFailing: false }));
    const end = await runAll(kernel, { stallMs: 2000 });
    expect(end.attempts[0]!.stall!.cause).toBe('not-trying');
  });

  it('does not call it a stall while pages leave', async () => {
    const kernel = kernelOf(movable({ does: 'go', afterMs: 900 }));
    expect(await runAll(kernel, { stallMs: 150 })).toMatchObject({ outcome: 'done' });
  });

  it('holds the whole run to its time', async () => {
    const kernel = kernelOf(movable(), movable({ does: 'go', afterMs: 5000 }), movable());
    const before = kernel.picture;
    const end = await runAll(kernel, { timeoutMs: 1500 });
    expect(end).toMatchObject({ outcome: 'timeout', isSettled: true });
    expect(kernel.now()).toBeLessThan(1600);
    expect(kernel.asked).not.toContain('32 offline');
    expect(kernel.picture).toEqual(before);
  });

  it('do not count the time until somebody is ready to write as a stall', async () => {
    let isOver = false;
    const slow = () => {
      const kernel = kernelOf(movable());
      kernel.writer = async () => {
        while (kernel.now() < 5000 && !isOver) await setImmediate();
        return null;
      };
      return kernel;
    };
    expect(await runAll(slow(), { stallMs: 3000 })).toMatchObject({ outcome: 'done' });
    expect(await runAll(slow(), { timeoutMs: 3000 })).toMatchObject({ outcome: 'timeout', attempts: [] });
    isOver = true;
  });

  it('stops for the user within a moment, and a user who insists changes nothing', async () => {
    const kernel = kernelOf(movable(), movable());
    const before = kernel.picture;
    const bounds = { deadlineMs: 1e6, stallMs: 1e5, interrupted: () => kernel.now() > 700 };
    const end = await runAll(kernel, { bounds });
    expect(end).toMatchObject({ outcome: 'interrupted', isSettled: true });
    expect(kernel.now()).toBeLessThan(900);
    expect(kernel.picture).toEqual(before);
  });

  it('leaves the run open when the kernel does not let go, and still brings the others back', async () => {
    const kernel = kernelOf(movable({ does: 'hang' }), movable());
    const log = new Log().begin();
    const end = await runOffline(taskOf(kernel, log, { stallMs: 1000 }));
    expect(end).toMatchObject({ outcome: 'stalled', isSettled: false });
    expect(end.attempts.at(-1)).toMatchObject({ isPending: true });
    expect(end.rolledBack).toMatchObject([{ block: 33, isBack: true }]);
    expect(log.kinds).not.toContain('end');
  });
});

describe('a host that shows nonsense', () => {
  it('does not keep the other blocks from being brought back', async () => {
    const kernel = kernelOf(movable({ does: 'refuse', afterMs: 300, error: 'EBUSY' }), movable(), movable());
    const read = kernel.read.bind(kernel);
    kernel.read = (block) => {
      if (block === 34 && kernel.blocks.get(33)?.state === BLOCK_OFFLINE)
        throw new VacateError('host', 'state says "onlnie"');
      return read(block);
    };
    const end = await runAll(kernel);
    expect(end).toMatchObject({ outcome: 'refused', isSettled: true });
    expect(end.rolledBack).toMatchObject([
      { block: 33, isBack: true },
      { block: 34, isBack: true },
    ]);
  });
});

describe('a DIMM', () => {
  const DIMM = { name: 'PNP0C80:00', blocks: [32, 33] };
  const EJECT = '/sys/bus/acpi/devices/PNP0C80:00/eject';
  const ejectWith = async (kernel: FakeKernel, deadlineMs = 1e6) => {
    const writer = new StateWriter(kernel, new Log().begin(), RUN, kernel);
    return ejectDimm(DIMM, { states: kernel, writer, clock: kernel, deadlineMs });
  };

  it('is ejected when its blocks are gone', async () => {
    const kernel = kernelOf(movable(), movable());
    kernel.files.set(EJECT, () => {
      kernel.blocks.clear();
      return { error: null };
    });
    expect([await ejectWith(kernel), kernel.asked]).toEqual([null, [`${EJECT} 1`]]);
  });

  it('is not if they stay, for which it has less time where a limit is near', async () => {
    const kernel = kernelOf(movable(), movable());
    kernel.files.set(EJECT, () => ({ error: null }));
    expect(await ejectWith(kernel)).toContain('are still there after 5 s');
    expect(await ejectWith(kernel, kernel.now() + 10)).toContain('are still there after 1 s');
  });

  it('is not if the kernel says no', async () => {
    const kernel = kernelOf(movable(), movable());
    kernel.files.set(EJECT, () => ({ error: 'ENODEV' }));
    expect(await ejectWith(kernel)).toBe('the kernel does not eject PNP0C80:00 (ENODEV)');
  });
});

describe('a journal that cannot be written', () => {
  class FullDisk extends Log {
    constructor(private readonly lines: number) {
      super();
    }

    override append(record: Parameters<Log['append']>[0]): void {
      if (this.text.split('\n').length > this.lines) throw new VacateError('host', 'the disk is full');
      super.append(record);
    }
  }

  it.each([1, 2, 3, 4])('after %i lines: no more memory goes, and what went comes back', async (lines) => {
    const kernel = kernelOf(movable(), movable());
    const before = kernel.picture;
    const log = new FullDisk(lines);
    const end = await runOffline(taskOf(kernel, log.begin()));
    expect(kernel.picture).toEqual(lines === 4 ? ['32 3 Normal,Movable', '33 3 Normal,Movable'] : before);
    if (lines < 4) expect(end.attempts.at(-1)?.problem ?? 'the disk is full').toBe('the disk is full');
  });
});

describe('what follows', () => {
  it('brings everything back if it fails', async () => {
    const kernel = kernelOf(movable(), movable());
    const before = kernel.picture;
    const end = await runAll(kernel, { afterwards: async () => 'the DIMM is stuck' });
    expect(end).toMatchObject({ outcome: 'refused', failedAfterwards: 'the DIMM is stuck', isSettled: true });
    expect(kernel.picture).toEqual(before);
  });

  it('brings everything back if it cannot even be begun', async () => {
    const kernel = kernelOf(movable());
    const before = kernel.picture;
    const afterwards = async () => {
      throw new VacateError('host', 'the disk is full');
    };
    expect(await runAll(kernel, { afterwards })).toMatchObject({ failedAfterwards: 'the disk is full' });
    expect(kernel.picture).toEqual(before);
  });

  it('is not begun for a user who wants to stop', async () => {
    const kernel = kernelOf(movable());
    const before = kernel.picture;
    const bounds = { deadlineMs: 1e6, stallMs: 1e5, interrupted: () => kernel.blocks.get(32)!.state === BLOCK_OFFLINE };
    let isBegun = false;
    const afterwards = async () => {
      isBegun = true;
      return null;
    };
    expect(await runAll(kernel, { bounds, afterwards })).toMatchObject({ outcome: 'interrupted', isSettled: true });
    expect([isBegun, kernel.picture]).toEqual([false, before]);
  });

  it('is not tried if a block stayed', async () => {
    const kernel = kernelOf(movable({ does: 'refuse', afterMs: 1, error: 'EBUSY' }));
    await runAll(kernel, {
      keepPartial: true,
      afterwards: async () => {
        throw new Error('tried');
      },
    });
  });
});
