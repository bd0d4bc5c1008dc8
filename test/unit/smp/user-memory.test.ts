import { describe, expect, it } from '@jest/globals';
import { PG_DIRTY } from '../../../src/mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, presentPte, ptePayload } from '../../../src/mm/pte.js';
import { ACCESS_FAULT, ACCESS_OK } from '../../../src/sim/access.js';
import { forkProcess, setLocked, unmapVma } from '../../../src/sim/address-space.js';
import { pteAt, pteOf } from '../../../src/sim/page-tables.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { walk } from '../../../src/smp/user-memory.js';
import { sharedMachine } from './small-shared-machine.js';

describe('memory in user mode', () => {
  it('reads and writes words through page tables and faults', () => {
    const { cpus, mm, start } = sharedMachine();
    const [cpu] = cpus;
    cpu!.online();
    expect(cpu!.load(mm, start + 2, 1)).toBe(2);
    expect(cpu!.store(mm, start + 2, 1000, 0xffff_ffff)).toBe(ACCESS_OK);
    expect(cpu!.load(mm, start + 2, 1000)).toBe(0xffff_ffff);
    expect(cpu!.load(mm, start - 1, 0)).toBe(-ACCESS_FAULT);
    expect(cpu!.store(mm, start - 1, 0, 1)).toBe(ACCESS_FAULT);
    expect(validateMachine(cpu!.machine)).toEqual([]);
  });

  it('is as the page tables say once the CPU has been told to forget', () => {
    const { cpus, mm, vma, start } = sharedMachine();
    const [cpu] = cpus;
    cpu!.online();
    expect(cpu!.load(mm, start, 0)).toBe(7);
    cpu!.kernel(() => unmapVma(cpu!.machine, 0, vma));
    expect(cpu!.load(mm, start, 0)).toBe(-ACCESS_FAULT);
  });

  it('is copied for a child that writes, and for its parent', () => {
    const { cpus, mm, start } = sharedMachine();
    const [cpu] = cpus;
    const m = cpu!.machine;
    cpu!.online();
    expect(cpu!.store(mm, start, 5, 50)).toBe(ACCESS_OK);
    const child = cpu!.kernel(() => forkProcess(m, 0, mm));
    expect(cpu!.store(mm, start, 5, 51)).toBe(ACCESS_OK);
    expect(cpu!.store(child, start, 6, 60)).toBe(ACCESS_OK);
    expect([cpu!.load(mm, start, 5), cpu!.load(child, start, 5), cpu!.load(child, start, 6)]).toEqual([51, 50, 60]);
    expect(validateMachine(m)).toEqual([]);
  });

  it.each([
    ['sets the dirty bit of a writable entry for a write', PTE_WRITE, true, PTE_WRITE | PTE_DIRTY],
    ['leaves it for a read', PTE_WRITE, false, PTE_WRITE],
    ['traps for a write that is not allowed', PTE_DIRTY, true, null],
  ])('the walk %s', (_name, bits, write, then) => {
    const { cpus, mm, start } = sharedMachine();
    const m = cpus[0]!.machine;
    const at = pteAt(m, mm, start);
    const frame = ptePayload(m.ptes[at]!);
    m.ptes[at] = presentPte(frame, bits);
    expect(walk(m, mm, start, write)).toBe(then === null ? 0 : presentPte(frame, then));
    expect(m.ptes[at]).toBe(presentPte(frame, then ?? bits));
  });
});

describe('a page that a device works with', () => {
  it('has a reference as long, and is freed by whoever drops the last', () => {
    const { cpus, mm, vma, start } = sharedMachine();
    const [cpu, other] = cpus;
    const m = cpu!.machine;
    cpu!.online();
    const frame = cpu!.getUserPage(mm, start, true);
    expect(frame).toBe(ptePayload(pteOf(m, mm, start)));
    expect(m.count[frame]).toBe(2);
    // Or the other would wait for an answer, and this thread is both.
    cpu!.offline();
    other!.kernel(() => unmapVma(other!.machine, 1, vma));
    expect(m.count[frame]).toBe(1);
    cpu!.putUserPage(frame);
    expect(m.count[frame]).toBe(0);
    expect(validateMachine(m)).toEqual([]);
  });

  it('is dirty when the device has written to it', () => {
    const { cpus, mm, start } = sharedMachine();
    const [cpu] = cpus;
    const m = cpu!.machine;
    cpu!.online();
    const frame = cpu!.getUserPage(mm, start, true);
    cpu!.putUserPage(frame);
    expect(m.flags[frame]! & PG_DIRTY).toBe(0);
    cpu!.putUserPage(cpu!.getUserPage(mm, start, true), true);
    expect(m.flags[frame]! & PG_DIRTY).toBe(PG_DIRTY);
    expect(m.count[frame]).toBe(1);
    expect(validateMachine(m)).toEqual([]);
  });

  it('is faulted in first, and copied first if it is to be written and is shared', () => {
    const { cpus, mm, vma, start } = sharedMachine();
    const [cpu] = cpus;
    const m = cpu!.machine;
    cpu!.online();
    const before = ptePayload(pteOf(m, mm, start));
    const child = cpu!.kernel(() => forkProcess(m, 0, mm));
    const read = cpu!.getUserPage(child, start, false);
    const written = cpu!.getUserPage(child, start, true);
    expect(read).toBe(before);
    expect(written).not.toBe(before);
    cpu!.putUserPage(read);
    cpu!.putUserPage(written);
    cpu!.kernel(() => setLocked(m, vma, true));
    expect(cpu!.getUserPage(mm, start - 1, false)).toBe(-ACCESS_FAULT);
    expect(validateMachine(m)).toEqual([]);
  });
});
