import { hashOf, KeptMachine } from '../../../src/compare/kept-machine.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { fillContents } from '../../../src/sim/contents.js';
import { advance } from '../../../src/sim/writeback.js';
import { IsolateFirst } from '../../../src/strategies/offline/isolate-first.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, changed, expectSound, put, serviceOf, smallMachine, snapshot } from '../sim/small-machine.js';

describe('a kept machine', () => {
  it('is byte for byte as it was, whatever has been done to it', () => {
    const m = smallMachine({ swap: 64 });
    const task = anonProcess(m, 700);
    const kept = new KeptMachine(m);
    const [before, hash] = [snapshot(m), kept.hash()];
    const { service } = serviceOf(m);
    expect(runToEnd(new IsolateFirst(service, new RangeEvents()).run({ blocks: [1] })).outcome).toBe('done');
    anonProcess(m, 300);
    put(m, task.mm, task.start, 1, 2);
    advance(m, 0, 1e9);
    expect(kept.hash()).not.toBe(hash);
    kept.restore();
    expect(changed(m, before)).toEqual([]);
    expect(kept.hash()).toBe(hash);
    expectSound(m);
  });

  it('is as it was in its contents too, where these have a memory of their own', () => {
    const m = smallMachine({ pages: 16_384, swap: 16, contents: 'bytes' });
    expect(m.contentKernels).not.toBeNull();
    fillContents(m, 3, 1, 2);
    const kept = new KeptMachine(m);
    const hash = kept.hash();
    for (const pfn of [3, 16_383]) fillContents(m, pfn, 5, 6);
    expect(kept.hash()).not.toBe(hash);
    kept.restore();
    expect(kept.hash()).toBe(hash);
  });

  it('knows which pages read something else, but for those that others have written', () => {
    const m = smallMachine();
    const task = anonProcess(m, 20);
    const kept = new KeptMachine(m);
    expect(kept.pagesWrong(() => false)).toBe(0);
    put(m, task.mm, task.start + 3, 1, 2);
    put(m, task.mm, task.start + 4, 1, 2);
    expect(kept.pagesWrong(() => false)).toBe(2);
    expect(kept.pagesWrong((mm, vpn) => mm === task.mm && vpn === task.start + 4)).toBe(1);
  });
});

describe('hashOf', () => {
  it('changes with every word and with their order, not with where it is cut', () => {
    const words = Uint32Array.from({ length: 64 }, (_, at) => at * 77);
    const hashes = new Set([hashOf(words)]);
    for (let at = 0; at < 64; at++) {
      const other = words.slice();
      other[at] = other[at]! ^ 1;
      hashes.add(hashOf(other));
    }
    hashes.add(hashOf(words.toReversed()));
    hashes.add(hashOf(words.subarray(0, 9), words.subarray(9)));
    expect(hashes.size).toBe(66);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
  });
});
