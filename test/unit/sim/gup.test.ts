import { DMA_PINNED } from '../../../src/mm/page-flags.js';
import { ACCESS_BLOCKED, ACCESS_FAULT, ACCESS_NO_MEMORY, ACCESS_OK } from '../../../src/sim/access.js';
import { exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { isLongtermPinnable, isLongtermPinned, pinUserPage } from '../../../src/sim/gup.js';
import { HOLD_DMA_PIN, HOLD_LONGTERM_PIN, pin } from '../../../src/sim/holds.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pinLongterm } from '../../../src/sim/pin-longterm.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { advance, unpinUserPage } from '../../../src/sim/writeback.js';
import { anonProcess, countFree, expectSound, frameAt, get, put, settle, smallMachine, zone } from './small-machine.js';

const FOR_EVER = Number.POSITIVE_INFINITY;
const isPinned = (m: Machine, pfn: number) => (m.flags[pfn]! & DMA_PINNED) !== 0;

/** A zone Normal and a zone Movable, in which processes have their memory. */
const twoZones = () => smallMachine({ pages: 2048, zones: [zone('Normal', 0, 1024), zone('Movable', 1024, 2048)] });

describe('a page that a device pins', () => {
  it('says so until the last pin is dropped, by hand or by time', () => {
    const m = twoZones();
    const { mm, start } = anonProcess(m, 1);
    settle(m);
    const pfn = frameAt(m, mm, start);
    pinUserPage(m, pfn, m.clock[0]! + 100, HOLD_DMA_PIN);
    pinUserPage(m, pfn, m.clock[0]! + 100, HOLD_DMA_PIN);
    pinUserPage(m, pfn, FOR_EVER, HOLD_LONGTERM_PIN);
    expect([m.count[pfn], isPinned(m, pfn), isLongtermPinned(m, pfn)]).toEqual([4, true, true]);
    expectSound(m);
    expect(unpinUserPage(m, 0, pfn, HOLD_LONGTERM_PIN)).toBe(true);
    expect(unpinUserPage(m, 0, pfn, HOLD_LONGTERM_PIN)).toBe(false);
    expect([isPinned(m, pfn), isLongtermPinned(m, pfn)]).toEqual([true, false]);
    advance(m, 0, 100);
    expect([m.count[pfn], isPinned(m, pfn)]).toEqual([1, false]);
    expectSound(m);
  });

  it('is free when its process has ended and the device is done with it', () => {
    const m = twoZones();
    const before = countFree(m);
    const { mm, start } = anonProcess(m, 1);
    settle(m);
    const pfn = frameAt(m, mm, start);
    pinUserPage(m, pfn, FOR_EVER, HOLD_DMA_PIN);
    exitProcess(m, 0, mm);
    expect([m.count[pfn], isPinned(m, pfn)]).toEqual([1, true]);
    expectSound(m);
    unpinUserPage(m, 0, pfn, HOLD_DMA_PIN);
    settle(m);
    expect(countFree(m)).toBe(before);
    expectSound(m);
  });

  it('is no page that says nothing, or the other way round: both are found out', () => {
    const m = twoZones();
    const { mm, start } = anonProcess(m, 2);
    settle(m);
    pinUserPage(m, frameAt(m, mm, start), FOR_EVER, HOLD_DMA_PIN);
    m.flags[frameAt(m, mm, start)]! &= ~DMA_PINNED;
    m.flags[frameAt(m, mm, start + 1)]! |= DMA_PINNED;
    const [silent, boastful] = validateMachine(m);
    expect(silent).toContain('which does not say so');
    expect(boastful).toContain('says that it is pinned, and nobody pins it');
  });
});

describe('a long-term pin', () => {
  it('takes the page out of zone Movable first, with what it holds', () => {
    const m = twoZones();
    const { mm, start } = anonProcess(m, 2);
    put(m, mm, start, 7, 8);
    const old = frameAt(m, mm, start);
    expect(isLongtermPinnable(m, old)).toBe(false);
    expect(pinLongterm(m, 0, mm, start, FOR_EVER)).toBe(ACCESS_OK);
    const pfn = frameAt(m, mm, start);
    expect(pfn).toBeLessThan(1024);
    expect([isLongtermPinnable(m, pfn), isLongtermPinned(m, pfn)]).toEqual([true, true]);
    expect(get(m, mm, start)).toEqual([7, 8]);
    settle(m);
    expectSound(m);
    // There already, and pinned once more.
    expect(pinLongterm(m, 0, mm, start, FOR_EVER)).toBe(ACCESS_OK);
    expect([frameAt(m, mm, start), m.count[pfn]]).toEqual([pfn, 3]);
    expectSound(m);
  });

  it('faults pages in, and gives a child’s page to the child first', () => {
    const m = twoZones();
    const { mm, start } = anonProcess(m, 1);
    put(m, mm, start, 5, 6);
    const child = forkProcess(m, 0, mm);
    expect(pinLongterm(m, 0, child, start, FOR_EVER)).toBe(ACCESS_OK);
    expect(frameAt(m, child, start)).not.toBe(frameAt(m, mm, start));
    expect([get(m, child, start), get(m, mm, start)]).toEqual([[5, 6], [5, 6]]); // biome-ignore format: pairs
    expect(isLongtermPinned(m, frameAt(m, mm, start))).toBe(false);
    expect(pinLongterm(m, 0, mm, start + 1, FOR_EVER)).toBe(ACCESS_FAULT);
    settle(m);
    expectSound(m);
  });

  it('is refused where somebody else holds the page, or there is no room, and nothing changes', () => {
    const m = twoZones();
    const { mm, start } = anonProcess(m, 2);
    settle(m);
    const [held, homeless] = [frameAt(m, mm, start), frameAt(m, mm, start + 1)];
    pin(m, held, FOR_EVER);
    expect(pinLongterm(m, 0, mm, start, FOR_EVER)).toBe(ACCESS_BLOCKED);
    isolateRange(m, { start: 0, end: 1024 });
    expect(pinLongterm(m, 0, mm, start + 1, FOR_EVER)).toBe(ACCESS_NO_MEMORY);
    expect([isPinned(m, held), isPinned(m, homeless)]).toEqual([false, false]);
    expect([frameAt(m, mm, start), frameAt(m, mm, start + 1)]).toEqual([held, homeless]);
    expectSound(m);
  });
});
