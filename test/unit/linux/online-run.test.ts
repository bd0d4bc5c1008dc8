import { runOnline } from '../../../src/linux/hotplug/online-run.js';
import { StateWriter } from '../../../src/linux/hotplug/state-writer.js';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import type { FakeKernel } from './fake-kernel.js';
import { kernelOf, Log, movable, RUN } from './run-kit.js';

const offline = (refusesOnline = 0) => movable(undefined, { state: BLOCK_OFFLINE, refusesOnline });

function onlineAll(kernel: FakeKernel, log: Log, interrupted = () => false) {
  const writer = new StateWriter(kernel, log.begin('online'), RUN, kernel);
  const blocks = [...kernel.blocks.keys()].map((block) => ({ block, word: 'online_movable' as const }));
  return runOnline({ blocks, states: kernel, writer, clock: kernel, interrupted });
}

describe('blocks that are to come online', () => {
  it('come in the order of the plan, each noted before and after', async () => {
    const kernel = kernelOf(offline(), offline());
    const log = new Log();
    expect(await onlineAll(kernel, log)).toMatchObject([
      { block: 32, error: null },
      { block: 33, error: null },
    ]);
    expect(kernel.asked).toEqual(['32 online_movable', '33 online_movable']);
    expect(log.kinds).toEqual(['begin', 'online_movable', 'wrote', 'online_movable', 'wrote', 'end']);
  });

  it('come although another does not', async () => {
    const kernel = kernelOf(offline(1), offline());
    expect(await onlineAll(kernel, new Log())).toMatchObject([{ error: 'EBUSY' }, { error: null }]);
  });

  it('are left alone when the user stops it, also in the middle of a write', async () => {
    const kernel = kernelOf(offline(), offline());
    let answer: (end: { error: string }) => void = () => {};
    kernel.write = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    kernel.interrupt = async () => {
      answer({ error: 'EINTR' });
      return true;
    };
    const attempts = await onlineAll(kernel, new Log(), () => kernel.now() > 300);
    expect(attempts).toMatchObject([{ block: 32, error: 'EINTR' }]);
    expect(kernel.now()).toBeLessThan(600);
  });

  it('do not keep us if the kernel never answers', async () => {
    const kernel = kernelOf(offline(), offline());
    kernel.write = () => new Promise(() => {});
    kernel.interrupt = async () => false;
    const attempts = await onlineAll(kernel, new Log(), () => kernel.now() > 300);
    expect(attempts).toMatchObject([{ block: 32, problem: 'the kernel does not let go of the write' }]);
  });
});
