import { describe, expect, it } from '@jest/globals';
import { PG_DIRTY } from '../../../src/mm/page-flags.js';
import { createFile } from '../../../src/sim/files.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { dropCaches } from '../../../src/strategies/high-order/drop-caches.js';
import { expectSound, serviceOf, smallMachine } from '../sim/small-machine.js';
import { Stage } from './stage.js';

const BLOCK = 512;

describe('dropping clean page cache', () => {
  it('frees what nobody maps and nothing is to be written of, and nothing else', () => {
    const m = smallMachine({ pages: 8 * BLOCK, capacity: { tables: 128 } });
    const s = new Stage(m, { room: 7 * BLOCK, tables: 6 * BLOCK });
    const { host } = serviceOf(m);
    const [clean, dirty] = [createFile(m, 64), createFile(m, 64)];
    s.files(clean, 0, 32);
    s.files(dirty, 64, 96, true);
    s.anons(128, 160);
    const before = takeLedger(m);
    const free = host.free.nrPages(0);
    expect(dropCaches(host)).toBe(32);
    host.drain();
    expect(host.free.nrPages(0)).toBe(free + 32);
    expect([...m.flags.subarray(64, 96)].every((flags) => (flags & PG_DIRTY) !== 0)).toBe(true);
    expect(dropCaches(host)).toBe(0);
    expect(compareLedger(m, before).wrong).toBe(0);
    expectSound(m);
  });
});
