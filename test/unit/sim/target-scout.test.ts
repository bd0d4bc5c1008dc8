import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { MAX_PAGE_ORDER, NO_PAGE } from '../../../src/mm/units.js';
import { freeBlock, takeSmallest } from '../../../src/sim/buddy.js';
import { allocateTargets } from '../../../src/sim/bulk-targets.js';
import type { Machine } from '../../../src/sim/machine.js';
import { createScout, type Scout } from '../../../src/sim/target-scout.js';
import { allocateTarget } from '../../../src/sim/targets.js';
import { freeListOf, SEED, smallMachine } from './small-machine.js';

const PAGES = 2 ** 17;
const BATCH = 512;
const SPARED = MAX_PAGE_ORDER + 1;

/** Every other page is free, on a list in any order. */
function scattered(): Machine {
  const m = smallMachine({ pages: PAGES, blockPages: 2 ** 15, contents: 'mark' });
  const holes = new Uint32Array(PAGES / 2);
  for (let i = 0; i < holes.length; i++) holes[i] = 2 * i + 1;
  new Prng(SEED).shuffle(holes);
  while (takeSmallest(m, 0, MIGRATE_MOVABLE, MAX_PAGE_ORDER) !== NO_PAGE);
  for (const pfn of holes) freeBlock(m, pfn, 0);
  return m;
}

function take(m: Machine, scout: Scout): number[] {
  const targets = new Uint32Array(BATCH);
  allocateTargets(m, Uint32Array.of(0), BATCH, SPARED, targets, scout);
  return [...targets];
}

/** Takes batches until the list has been read. */
function untilRead(m: Machine, scout: Scout): void {
  for (let batch = 0; scout.pages.length === 0; batch++) {
    expect(batch).toBeLessThan(PAGES / 2 / BATCH);
    take(m, scout);
  }
}

describe('which free pages come next', () => {
  it('knows the whole list in its order once it has followed a part of it', () => {
    const m = scattered();
    const scout = createScout();
    untilRead(m, scout);
    expect([...scout.pages.subarray(scout.at)]).toEqual(freeListOf(m, 0, MIGRATE_MOVABLE, 0));
    take(m, scout);
    expect([...scout.pages.subarray(scout.at)]).toEqual(freeListOf(m, 0, MIGRATE_MOVABLE, 0));
  });

  it('is not believed: a list that has changed is handed out as it is', () => {
    const m = scattered();
    const scout = createScout();
    untilRead(m, scout);
    const [taken] = take(m, scout);
    for (const change of [() => freeBlock(m, taken!, 0), () => takeSmallest(m, 0, MIGRATE_MOVABLE, 0)]) {
      change();
      const expected = freeListOf(m, 0, MIGRATE_MOVABLE, 0).slice(0, BATCH);
      expect(take(m, scout)).toEqual(expected);
    }
  });

  it('hands out what one after the other would be handed out', () => {
    const [m, one] = [scattered(), scattered()];
    const scout = createScout();
    const all: number[] = [];
    for (let batch = 0; batch < 100; batch++) all.push(...take(m, scout));
    expect(scout.pages.length).toBeGreaterThan(0);
    expect(all).toEqual(all.map(() => allocateTarget(one, 0, 0, SPARED)));
  });
});
