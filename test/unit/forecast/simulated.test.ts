import { describe, expect, it } from '@jest/globals';
import { PG_ANON, PG_NONLINEAR, PG_SLAB, PG_SWAPBACKED } from '../../../src/mm/page-flags.js';
import { exitProcess } from '../../../src/sim/address-space.js';
import { pinUserPage } from '../../../src/sim/gup.js';
import { HOLD_DMA_PIN, HOLD_LONGTERM_PIN, pin } from '../../../src/sim/holds.js';
import { unpinUserPage } from '../../../src/sim/writeback.js';
import { MergedOffline } from '../../../src/strategies/offline/merged.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, changed, countFree, settle, smallMachine, snapshot, zone } from '../sim/small-machine.js';
import { BLOCK, busyBlocks, busyMachine, FOR_EVER, frontOf, usedIn } from '../strategies/offline-machines.js';
import { forecasterOfMachine } from './sketched.js';

describe('of a simulated machine', () => {
  it('every reference is known: a pinned page keeps its block for as long as it is held, which is not known', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    expect(forecasterOfMachine(m).one(block)).toMatchObject({ verdict: 'will-go', reasons: [] });
    const [pfn] = usedIn(m, block);
    pin(m, pfn!, FOR_EVER);
    const found = forecasterOfMachine(m).one(block);
    expect(found).toMatchObject({ verdict: 'cannot-know', waitingHelps: true });
    expect(found.reasons[0]).toMatchObject({ reason: 'pinned', kind: 'retry', pfns: [pfn] });
    expect(forecasterOfMachine(m).all().notKnowable.whatWouldShow).toEqual([]);
  });

  it('a device that pins for long keeps its block, one that has a transfer under way does not', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const [pfn, other] = usedIn(m, block) as [number, number];
    pinUserPage(m, other, m.clock[0]! + 5e6, HOLD_DMA_PIN);
    const waits = forecasterOfMachine(m).one(block);
    expect(waits).toMatchObject({ verdict: 'will-go' });
    expect(waits.reasons).toMatchObject([{ reason: 'transfer-under-way', kind: 'retry', pages: 1, decides: null }]);
    pinUserPage(m, pfn, FOR_EVER, HOLD_LONGTERM_PIN);
    const found = forecasterOfMachine(m).one(block);
    expect(found).toMatchObject({ verdict: 'will-not-go', waitingHelps: false });
    expect(found.reasons[0]).toMatchObject({ reason: 'longterm-pin', kind: 'permanent', pages: 1, pfns: [pfn] });
    expect(runToEnd(frontOf(m, MergedOffline).strategy.run({ blocks: [block] })).outcome).toBe('refused');
    unpinUserPage(m, 0, pfn, HOLD_LONGTERM_PIN);
    expect(runToEnd(frontOf(m, MergedOffline).strategy.run({ blocks: [block] })).outcome).toBe('done');
  });

  it('a handler is heard: what it refuses for good keeps the block', () => {
    const m = busyMachine();
    const block = busyBlocks(m).find((each) => usedIn(m, each).some((pfn) => isOfFile(m.flags[pfn]!)))!;
    const pfn = usedIn(m, block).find((each) => isOfFile(m.flags[each]!))!;
    m.flags[pfn] = (m.flags[pfn]! | PG_NONLINEAR) >>> 0;
    const found = forecasterOfMachine(m).one(block);
    expect(found).toMatchObject({ verdict: 'will-not-go', waitingHelps: false });
    expect(found.reasons[0]).toMatchObject({ reason: 'nonlinear-mapping', kind: 'permanent', pages: 1, pfns: [pfn] });
  });

  it('changes nothing', () => {
    const m = busyMachine();
    const before = snapshot(m);
    const forecaster = forecasterOfMachine(m);
    forecaster.need(forecaster.all(), 3 * BLOCK * 4096);
    expect(changed(m, before)).toEqual([]);
  });

  it('says of blocks that are not online what they are, and nothing more', () => {
    const m = smallMachine({ pages: 8 * BLOCK, blockPages: BLOCK, offline: [5], absent: [6] });
    const { blocks, notOnline } = forecasterOfMachine(m).all();
    expect(blocks.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 7]);
    expect(notOnline).toEqual([{ block: 5, state: 'offline' }]);
  });
});

describe('several blocks together', () => {
  /** A block of zone Normal and eight of Movable, six of which are as full as can be. */
  function fullMachine(swap = 0) {
    const zones = [zone('Normal', 0, BLOCK, 16), zone('Movable', BLOCK, 9 * BLOCK, 16)];
    const m = smallMachine({ pages: 9 * BLOCK, blockPages: BLOCK, zones, swap });
    anonProcess(m, 6 * BLOCK);
    settle(m);
    return m;
  }

  it('each would go, and all do not, for want of room', () => {
    const m = fullMachine();
    const blocks = [5, 6, 7, 8];
    const { blocks: each, together } = forecasterOfMachine(m, { blocks }).all();
    expect(each.map(({ verdict }) => verdict)).toEqual(blocks.map(() => 'will-go'));
    expect(together).toMatchObject({ verdict: 'will-not-go', pagesToMove: 4 * BLOCK, blocks });
    // Two blocks of Movable are free and most of Normal, less the min watermarks.
    const { room, because } = together!;
    expect(room).toMatchObject({ cache: 0, swappable: 0, missing: 4 * BLOCK - room.free });
    expect(room.free).toBeGreaterThan(2 * BLOCK);
    expect(room.free).toBeLessThanOrEqual(3 * BLOCK - 32);
    expect(because).toContain('not all together');
    expect(runToEnd(frontOf(m, MergedOffline).strategy.run({ blocks })).outcome).toBe('refused');
  });

  it('swap may make room, and whether it does is not known', () => {
    const { together } = forecasterOfMachine(fullMachine(4 * BLOCK), { blocks: [5, 6, 7, 8] }).all();
    expect(together).toMatchObject({ verdict: 'cannot-know' });
  });

  it('what goes by forecast goes by strategy, and what will not does not', () => {
    for (const seed of [1, 2, 3]) {
      const m = busyMachine({ seed });
      for (const blocks of [busyBlocks(m).slice(0, 3), [1, 2], [4, 9, 15]]) {
        const { together } = forecasterOfMachine(m, { blocks }).all();
        const { outcome } = runToEnd(frontOf(busyMachine({ seed }), MergedOffline).strategy.run({ blocks }));
        expect([blocks, together!.verdict]).toEqual([blocks, outcome === 'done' ? 'will-go' : 'will-not-go']);
      }
    }
  });

  it('memory out of the kernel’s zones has no room in zone Movable', () => {
    const zones = [zone('Normal', 0, 4 * BLOCK, 16), zone('Movable', 4 * BLOCK, 8 * BLOCK, 16)];
    const m = smallMachine({ pages: 8 * BLOCK, blockPages: BLOCK, zones, swap: 0 });
    const gone = anonProcess(m, 4 * BLOCK - 64);
    anonProcess(m, 4 * BLOCK - 128);
    exitProcess(m, 0, gone.mm);
    settle(m);
    const { room, pagesToMove, verdict } = forecasterOfMachine(m).one(2);
    expect(pagesToMove).toBeGreaterThan(BLOCK / 2);
    expect(countFree(m)).toBeGreaterThan(3 * BLOCK);
    expect(room.missing).toBeGreaterThan(0);
    expect(verdict).toBe('will-not-go');
  });
});

const isOfFile = (flags: number) => (flags & (PG_SWAPBACKED | PG_SLAB | PG_ANON)) === 0;
