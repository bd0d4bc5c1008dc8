import { describe, expect, it } from '@jest/globals';
import { isMigration, isPresent } from '../../../src/mm/pte.js';
import { ACCESS_OK, writePage } from '../../../src/sim/access.js';
import { exitProcess, forkProcess, unmapVma } from '../../../src/sim/address-space.js';
import { createFile, truncateFile } from '../../../src/sim/files.js';
import { attachMachine, type Machine } from '../../../src/sim/machine.js';
import { pteAt, pteOf } from '../../../src/sim/page-tables.js';
import { pageout } from '../../../src/sim/pageout.js';
import { unmapToMigration } from '../../../src/sim/rmap.js';
import { anonProcess, expectSound, fileProcess, frameAt, put, settle, smallMachine } from './small-machine.js';

/** A machine that has other CPUs, and what they would see: `atShootdown` is called when they are told to forget. */
function withOthers(atShootdown: (m: Machine) => void, woken: number[] = []): Machine {
  const { spec, buffer } = smallMachine({ shared: true });
  const m: Machine = attachMachine(spec, buffer as SharedArrayBuffer, {
    shootdown: () => {
      m.tlb.fill(0);
      atShootdown(m);
    },
    wake: (at) => woken.push(at),
  });
  return m;
}

describe('while other CPUs are told to forget a translation', () => {
  it('the entry of a page that is being copied names no page that they could look up again', () => {
    let watched = 0;
    const seen: number[] = [];
    const m = withOthers(() => watched > 0 && seen.push(pteOf(m, watched, start)));
    const { mm, start } = anonProcess(m, 1);
    const child = forkProcess(m, 0, mm);
    watched = child;
    put(m, child, start, 1, 2);
    expect(seen).toEqual([0]);
    expect(frameAt(m, child, start)).not.toBe(frameAt(m, mm, start));
    settle(m);
    expectSound(m);
  });

  it('pages that are written to share nothing with the child of a fork yet: it does not run', () => {
    const writable: boolean[] = [];
    let parent = 0;
    const m = withOthers(() => parent > 0 && writable.push((pteOf(m, parent, start) & 2) !== 0));
    const { mm, start } = anonProcess(m, 1);
    parent = mm;
    expect(forkProcess(m, 0, mm)).toBeGreaterThan(0);
    expect(writable).toEqual([false]);
  });

  const file = (m: Machine) => {
    const inode = createFile(m, 4);
    return { inode, ...fileProcess(m, inode, 4) };
  };
  it.each<
    [
      string,
      (m: Machine) => { mm: number; start: number },
      (m: Machine, of: { mm: number; vma?: number; inode?: number }, frame: number) => void,
    ]
  >([
    ['munmap', (m) => anonProcess(m, 1), (m, { vma }) => unmapVma(m, 0, vma!)],
    ['exit', (m) => anonProcess(m, 1), (m, { mm }) => exitProcess(m, 0, mm)],
    ['truncate', file, (m, { inode }) => truncateFile(m, 0, inode!, 0)],
    ['swap-out', (m) => anonProcess(m, 1), (m, _, frame) => pageout(m, 0, frame)],
  ])('the page that %s takes is not free yet, and its entry is gone', (_name, map, take) => {
    let frame = -1;
    const seen: [count: number, present: boolean][] = [];
    let at = 0;
    const m = withOthers((machine) => frame >= 0 && seen.push([machine.count[frame]!, isPresent(machine.ptes[at]!)]));
    const mapped = map(m);
    expect(writePage(m, 0, mapped.mm, mapped.start, 1, 1)).toBe(ACCESS_OK);
    settle(m);
    at = pteAt(m, mapped.mm, mapped.start);
    frame = frameAt(m, mapped.mm, mapped.start);
    take(m, mapped, frame);
    expect(seen[0]![0]).toBeGreaterThan(0);
    expect(seen[0]![1]).toBe(false);
  });
});

it('munmap asks them once for many pages, none of which is free by then', () => {
  const free: number[] = [];
  let frames: number[] = [];
  const m = withOthers((machine) => free.push(frames.filter((frame) => machine.count[frame] === 0).length));
  const { vma, mm, start } = anonProcess(m, 8);
  for (let page = 0; page < 8; page++) put(m, mm, start + page, page, 0);
  settle(m);
  frames = Array.from({ length: 8 }, (_, page) => frameAt(m, mm, start + page));
  free.length = 0;
  unmapVma(m, 0, vma);
  expect(free).toEqual([0]);
  expect(frames.every((frame) => m.count[frame] === 0)).toBe(true);
  settle(m);
  expectSound(m);
});

it('whoever sleeps on a migration entry is woken when the entry is unmapped', () => {
  const woken: number[] = [];
  const m = withOthers(() => {}, woken);
  const { mm, vma, start } = anonProcess(m, 1);
  const frame = frameAt(m, mm, start);
  expect(unmapToMigration(m, frame)).toBe(true);
  const at = pteAt(m, mm, start);
  expect(isMigration(m.ptes[at]!)).toBe(true);
  unmapVma(m, 0, vma);
  expect(woken).toEqual([at]);
});
