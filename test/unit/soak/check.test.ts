import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ptePayload } from '../../../src/mm/pte.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { attachMachine, type Machine } from '../../../src/sim/machine.js';
import { findInCache } from '../../../src/sim/page-cache.js';
import { pteAt, pteOf } from '../../../src/sim/page-tables.js';
import { checkMachine } from '../../../src/soak/check.js';
import { FIRST_VPN } from '../../../src/soak/shape.js';
import { type Ready, readyMachine } from './machines.js';

describe.each(['token', 'bytes'] as const)('a machine whose pages hold %s', (contents) => {
  let ready: Ready;
  let m: Machine;
  let sound: Uint8Array;
  const check = () => checkMachine(m, ready.ledger, ready.residents);

  beforeAll(() => {
    ready = readyMachine(2, contents);
    m = attachMachine(ready.shared.spec, ready.shared.buffer, { shootdown: () => {}, wake: () => {} });
    sound = new Uint8Array(ready.shared.buffer).slice();
  });

  afterEach(() => new Uint8Array(ready.shared.buffer).set(sound));

  it('is found sound, each word of what is shared and of every process that was there', () => {
    const { wrong, broken, words } = check();
    expect({ wrong, broken }).toEqual({ wrong: null, broken: [] });
    const { mm, mapping } = ready.residents;
    expect(mm.length).toBeGreaterThan(1000);
    expect(mapping.length).toBeGreaterThan(500);
    expect(words).toBe((mm.length + mapping.length + 3 * ready.shape.sharedPages) * m.contentWords);
  });

  it('is told a word of a shared process that is another, with its frame', () => {
    const frame = ptePayload(pteOf(m, ready.ledger.commonMm[0]!, FIRST_VPN.common + 3));
    const at = frame * m.contentWords + 1;
    const right = m.contents[at]!;
    m.contents[at] = right - 1;
    expect(check().wrong).toMatchObject({
      mm: ready.ledger.commonMm[0],
      page: FIRST_VPN.common + 3,
      word: 1,
      expected: right,
      found: right - 1,
      frame,
    });
  });

  it('is told a page of a process that never writes, when its last word is another', () => {
    const at = ready.residents.mm.findIndex((mm, i) => (pteOf(m, mm, ready.residents.vpn[i]!) & 1) !== 0);
    const frame = ptePayload(pteOf(m, ready.residents.mm[at]!, ready.residents.vpn[at]!));
    m.contents[(frame + 1) * m.contentWords - 1]! ^= 1;
    expect(check().wrong).toMatchObject({ word: m.contentWords - 1, frame });
    expect(check().wrong?.whose).toMatch(/^(process|file) \d+, (which never writes|to which nobody writes)$/);
  });

  it('is told a page that is lost: it reads as if nobody had written it', () => {
    const at = pteAt(m, ready.ledger.commonMm[0]!, FIRST_VPN.common);
    m.ptes[at] = 0;
    expect(check().wrong).toMatchObject({ page: FIRST_VPN.common, word: 0, found: 0, frame: null });
  });

  it('is told a page of the shared file that the cache has lost', () => {
    const index = m.mapBase[ready.ledger.file[0]!]! + 5;
    const frame = findInCache(m, index);
    expect(frame).not.toBe(NO_PAGE);
    m.leafSlots[m.leafSlots.findIndex((slot) => (slot & 0x0fff_ffff) === frame + 1)] = 0;
    expect(check().wrong).toMatchObject({ whose: 'the shared file', page: 5, frame: null });
  });

  it('is told an invariant that does not hold, though all words are right', () => {
    const frame = ptePayload(pteOf(m, ready.ledger.commonMm[0]!, FIRST_VPN.common));
    m.count[frame]!++;
    const { wrong, broken } = check();
    expect(wrong).toBeNull();
    expect(broken[0]).toMatch(/count \d+, explained are \d+/);
  });
});
