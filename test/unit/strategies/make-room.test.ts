import { describe, expect, it } from '@jest/globals';
import type { MemoryHost } from '../../../src/host/memory-host.js';
import { makeRoom, PAGES_AT_ONCE } from '../../../src/strategies/make-room.js';
import { runToEnd } from '../../../src/strategies/strategy.js';

/** Zones of which each can free so many pages, all that it is asked for at a time. */
function hostWith(reclaimable: number[]) {
  const asked: number[] = [];
  let reclaimed = 0;
  const host = {
    layout: { zones: reclaimable.map(() => ({})) },
    drain: () => {},
    relax: () => {},
    reclaim: {
      get counters() {
        return { reclaimed, scanned: reclaimed, swappedOut: 0 };
      },
      shrinkZone: (zone: number, _priority: number, wanted: number) => {
        asked.push(wanted);
        const freed = Math.min(wanted, reclaimable[zone]!);
        reclaimable[zone] = reclaimable[zone]! - freed;
        reclaimed += freed;
        return freed;
      },
    },
  };
  return { host: host as unknown as MemoryHost, asked, reclaimed: () => reclaimed };
}

describe('makeRoom', () => {
  it('asks once for what is little', () => {
    const { host, asked, reclaimed } = hostWith([20_000, 20_000]);
    let pauses = 0;
    const room = runToEnd(
      makeRoom(host, () => 5000 - reclaimed()),
      { onPause: () => pauses++ },
    );
    expect([room, asked, pauses]).toEqual([{ freed: 5000, isExhausted: false }, [5000], 0]);
  });

  it('pauses after so many pages, and frees what is missing and no more', () => {
    const missing = 3 * PAGES_AT_ONCE + 100;
    const { host, asked, reclaimed } = hostWith([PAGES_AT_ONCE, 9 * PAGES_AT_ONCE]);
    let before = 0;
    let most = 0;
    const onPause = () => {
      most = Math.max(most, reclaimed() - before);
      before = reclaimed();
    };
    const room = runToEnd(
      makeRoom(host, () => missing - reclaimed()),
      { onPause },
    );
    expect(room).toEqual({ freed: missing, isExhausted: false });
    expect(most).toBe(PAGES_AT_ONCE);
    expect(asked).toEqual([PAGES_AT_ONCE, PAGES_AT_ONCE, PAGES_AT_ONCE, 100]);
  });

  it('frees nothing more once it is stopped', () => {
    const { host, reclaimed } = hostWith([10 * PAGES_AT_ONCE]);
    const controller = new AbortController();
    const job = makeRoom(host, () => 5 * PAGES_AT_ONCE - reclaimed());
    expect(() => runToEnd(job, { signal: controller.signal, onPause: () => controller.abort() })).toThrow('stopped');
    expect(reclaimed()).toBe(PAGES_AT_ONCE);
  });

  it('says so when nothing more can be freed', () => {
    const { host, reclaimed } = hostWith([100, 0]);
    expect(runToEnd(makeRoom(host, () => 500 - reclaimed()))).toEqual({ freed: 100, isExhausted: true });
  });
});
