import { PG_KSM } from '../../../src/mm/page-flags.js';
import { exitProcess, forkProcess, setLocked, VM_SHARED, VM_WRITE } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { MAX_PAGE_SHARING, mergePages } from '../../../src/sim/ksm.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pageout } from '../../../src/sim/pageout.js';
import { reverseMap } from '../../../src/sim/rmap.js';
import { isStable } from '../../../src/sim/stable-nodes.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { advance, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import {
  anonProcess,
  expectSound,
  frameAt,
  get,
  type Mapped,
  mapInto,
  put,
  settle,
  smallMachine,
} from './small-machine.js';

const FOR_EVER = Number.POSITIVE_INFINITY;
const machine = () => smallMachine({ capacity: { rmapItems: 600 } });

/** Processes with one page each, all of which hold the same. */
function alike(m: Machine, nr: number): Mapped[] {
  const tasks = Array.from({ length: nr }, () => anonProcess(m, 1));
  for (const { mm, start } of tasks) put(m, mm, start, 3, 4);
  settle(m);
  return tasks;
}

const merge = (m: Machine, one: Mapped, other: Mapped): boolean =>
  mergePages(m, 0, { mm: one.mm, vpn: one.start }, { mm: other.mm, vpn: other.start });
const frame = (m: Machine, { mm, start }: Mapped): number => frameAt(m, mm, start);

describe('pages that KSM merges', () => {
  it('are one afterwards, which all of them read', () => {
    const m = machine();
    const [one, two, three] = alike(m, 3) as [Mapped, Mapped, Mapped];
    const kept = frame(m, one);
    expect([merge(m, one, two), merge(m, three, two)]).toEqual([true, true]);
    expect([one, two, three].map((task) => frame(m, task))).toEqual([kept, kept, kept]);
    expect([m.mapcount[kept], m.count[kept], m.flags[kept]! & PG_KSM]).toEqual([3, 3, PG_KSM]);
    expect(reverseMap(m, kept).filter(({ maps }) => maps)).toHaveLength(3);
    for (const { mm, start } of [one, two, three]) expect(get(m, mm, start)).toEqual([3, 4]);
    expectSound(m);
  });

  it('part when somebody writes, also the last one', () => {
    const m = machine();
    const [one, two] = alike(m, 2) as [Mapped, Mapped];
    merge(m, one, two);
    const kept = frame(m, one);
    put(m, one.mm, one.start, 8, 8);
    expect(frame(m, one)).not.toBe(kept);
    expect([get(m, two.mm, two.start), m.mapcount[kept]]).toEqual([[3, 4], 1]);
    put(m, two.mm, two.start, 9, 9);
    expect(frame(m, two)).not.toBe(kept);
    expect(isStable(m, kept)).toBe(false);
    expectSound(m);
  });

  it('are found in children that were forked since, and the node goes with the last of them', () => {
    const m = machine();
    const [one, two] = alike(m, 2) as [Mapped, Mapped];
    merge(m, one, two);
    const child = forkProcess(m, 0, two.mm);
    const kept = frame(m, one);
    expect(m.mapcount[kept]).toBe(3);
    expectSound(m);
    for (const mm of [one.mm, two.mm]) exitProcess(m, 0, mm);
    expect([m.mapcount[kept], get(m, child, two.start)]).toEqual([1, [3, 4]]);
    expectSound(m);
    exitProcess(m, 0, child);
    expect(m.nodePage.every((page) => page === 0)).toBe(true);
    expect(m.itemAnon.every((anon) => anon === 0)).toBe(true);
    expectSound(m);
  });

  it('are swapped out and come back, to strangers each with a page of his own', () => {
    const m = machine();
    const [one, two] = alike(m, 2) as [Mapped, Mapped];
    merge(m, one, two);
    const kept = frame(m, one);
    for (let pass = 0; pass < 4 && isStable(m, kept); pass++) {
      pageout(m, 0, kept);
      advance(m, 0, WRITE_LATENCY_NS);
    }
    expect(isStable(m, kept)).toBe(false);
    expectSound(m);
    for (const { mm, start } of [one, two]) expect(get(m, mm, start)).toEqual([3, 4]);
    expect(frame(m, one)).not.toBe(frame(m, two));
    settle(m);
    expectSound(m);
  });

  it('are mlocked as long as one of those who share them says so', () => {
    const m = machine();
    const [one, two] = alike(m, 2) as [Mapped, Mapped];
    setLocked(m, two.vma, true);
    merge(m, one, two);
    setLocked(m, two.vma, false);
    expect(pageout(m, 0, frame(m, one))).not.toBe('kept');
    expectSound(m);
  });

  it.each([
    ['that differ', (m: Machine, [one]: readonly Mapped[]) => put(m, one!.mm, one!.start, 0, 0)],
    ['of which one is pinned', (m: Machine, [, two]: readonly Mapped[]) => pin(m, frame(m, two!), FOR_EVER)],
    ['of which one is gone', (m: Machine, [, two]: readonly Mapped[]) => exitProcess(m, 0, two!.mm)],
  ])('are none %s', (_which, happen) => {
    const m = machine();
    const tasks = alike(m, 2);
    happen(m, tasks);
    expect(merge(m, tasks[0]!, tasks[1]!)).toBe(false);
    expect(m.flags.some((flags) => (flags & PG_KSM) !== 0)).toBe(false);
    expectSound(m);
  });

  it('are none of a shared mapping, and no page twice', () => {
    const m = machine();
    const [one] = alike(m, 1) as [Mapped];
    const shared = mapInto(m, one.mm, 1, VM_WRITE | VM_SHARED, createFile(m, 1));
    put(m, shared.mm, shared.start, 3, 4);
    expect([merge(m, one, shared), merge(m, one, one)]).toEqual([false, false]);
    expectSound(m);
  });

  it('are no more than a walk may come by', () => {
    const m = machine();
    const [first, ...others] = alike(m, 3) as [Mapped, Mapped, Mapped];
    merge(m, first, others[0]!);
    const kept = frame(m, first);
    const before = m.mapcount[kept]!;
    m.mapcount[kept] = MAX_PAGE_SHARING;
    expect(merge(m, first, others[1]!)).toBe(false);
    m.mapcount[kept] = before;
    expectSound(m);
  });

  it('are none on a machine that has no room for nodes, which it says', () => {
    const m = smallMachine();
    const tasks = alike(m, 2);
    expect(() => merge(m, tasks[0]!, tasks[1]!)).toThrow('capacity.rmapItems');
    expect(validateMachine(m)).toEqual([]);
  });

  it('are watched over', () => {
    const m = machine();
    const [one, two] = alike(m, 2) as [Mapped, Mapped];
    merge(m, one, two);
    const node = m.nodePage.findIndex((page) => page !== 0);
    m.nodePage[node] = frame(m, one) + 2;
    expect(validateMachine(m).join()).toContain(`stable node ${node} names`);
    m.nodePage[node] = frame(m, one) + 1;
    m.nodeItems[node] = m.itemNext[m.nodeItems[node]!]!;
    expect(validateMachine(m).join()).toContain('which its reverse map does not know');
  });
});
