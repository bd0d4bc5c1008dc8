import { describe, expect, it } from '@jest/globals';
import { isPresent, ptePayload } from '../../../src/mm/pte.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { createAccesses } from '../../../src/soak/accesses.js';
import { checkMachine } from '../../../src/soak/check.js';
import { beginQuiet, END_TIME, endSoak } from '../../../src/soak/control.js';
import { SYSTEM_CALLS } from '../../../src/soak/counters.js';
import { reportOf } from '../../../src/soak/report.js';
import { runProcesses } from '../../../src/soak/run-processes.js';
import { FIRST_VPN, firstRow } from '../../../src/soak/shape.js';
import type { ProcessThread } from '../../../src/soak/thread.js';
import { FoundWrong } from '../../../src/soak/wrong-word.js';
import { CountedPrng, cpuOf, type Ready, readyMachine } from './machines.js';

/** Runs a thread's program until so much chance has been used up, alone on the machine. */
function run(ready: Ready, { thread = 0, seed = 1, draws = 200_000 } = {}): ProcessThread {
  const prng = new CountedPrng(seed, draws, () => endSoak(ready.control, END_TIME));
  ready.control[0] = 0;
  const t: ProcessThread = { ...ready, thread, cpu: cpuOf(ready, thread), prng };
  runProcesses(t, createAccesses(t), () => {});
  return t;
}

const sound = ({ cpu, ledger, residents }: ProcessThread) => {
  const { wrong, broken } = checkMachine(cpu.machine, ledger, residents);
  expect({ wrong, broken }).toEqual({ wrong: null, broken: [] });
};

describe('a thread that runs processes', () => {
  it.each(['token', 'bytes'] as const)('does everything that there is to do, and all %s are right', (contents) => {
    const ready = readyMachine(1, contents);
    sound(run(ready, { draws: 1_500_000 }));
    const { calls, accesses, wordsRead } = reportOf(ready.counters, []);
    for (const call of SYSTEM_CALLS) expect([call, calls[call] > 0]).toEqual([call, true]);
    expect(accesses).toBeGreaterThan(300_000);
    expect(wordsRead).toBeGreaterThan(accesses / 3);
  });

  it('does the same for the same seed, and something else for another', () => {
    const reports = [1, 1, 2].map((seed) => {
      const ready = readyMachine();
      run(ready, { seed });
      return reportOf(ready.counters, []);
    });
    expect(reports[1]).toEqual(reports[0]);
    expect(reports[2]).not.toEqual(reports[0]);
  });

  it('goes on after another of its number, whose last write may have happened or not', () => {
    const ready = readyMachine(2);
    const t = run(ready);
    const { ledger, cpu } = t;
    const { shape } = ledger;
    const { machine: m } = cpu;
    for (const happened of [true, false]) {
      const slot = ledger.slotOwner.indexOf(1);
      const page = Array.from({ length: shape.privatePages }, (_, at) => at).find((at) =>
        isPresent(pteOf(m, ledger.slotMm[slot]!, FIRST_VPN.private + at)),
      )!;
      const at = (firstRow(shape, 'private', slot) + page) * shape.words;
      const value = (ledger.issued[0] = ledger.issued[0]! + 1);
      ledger.underWay[0] = at + 1;
      const frame = ptePayload(pteOf(m, ledger.slotMm[slot]!, FIRST_VPN.private + page));
      // Alone: nobody shares the page after a fork.
      const wasShared = m.mapcount[frame] !== 1;
      if (happened && !wasShared) m.contents[frame * shape.words] = value;
      sound(run(ready, { seed: 3, draws: 50_000 }));
    }
  });

  it('holds no page while it stands still, and held some before', () => {
    const ready = readyMachine();
    const { pinnedPfn } = ready.ledger;
    const held = () => pinnedPfn.filter((pinned) => pinned !== 0).length;
    let heldMost = 0;
    let heldQuiet = -1;
    const prng = new CountedPrng(
      1,
      400_000,
      () => beginQuiet(ready.control),
      () => {
        heldMost = Math.max(heldMost, held());
      },
    );
    const t: ProcessThread = { ...ready, thread: 0, cpu: cpuOf(ready, 0), prng };
    runProcesses(t, createAccesses(t), () => {
      heldQuiet = held();
      endSoak(ready.control, END_TIME);
    });
    expect(heldMost).toBeGreaterThan(0);
    expect(heldQuiet).toBe(0);
    sound(t);
  });

  it.each([
    ['a word of its own memory', (ready: Ready, mm: number) => spoil(ready, mm, FIRST_VPN.private)],
    ['shared memory that went back', (ready: Ready, mm: number) => spoil(ready, mm, FIRST_VPN.shmem)],
  ])('finds %s', (_what, spoilPages) => {
    const ready = readyMachine();
    const t = run(ready);
    const slot = t.ledger.slotOwner.indexOf(1);
    spoilPages(ready, t.ledger.slotMm[slot]!);
    let found: unknown = null;
    try {
      run(ready, { seed: 5, draws: 1_000_000 });
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(FoundWrong);
    const { wrong } = found as FoundWrong;
    expect(wrong.expected).not.toBe(wrong.found);
  });
});

/** Takes every word of the present pages of a mapping back by some writes. */
function spoil(ready: Ready, mm: number, first: number): void {
  const { machine: m } = cpuOf(ready, 0);
  for (let page = 0; page < ready.shape.sharedPages; page++) {
    const pte = pteOf(m, mm, first + page);
    if (isPresent(pte)) m.contents[ptePayload(pte) * ready.shape.words]! -= 1000;
  }
}
