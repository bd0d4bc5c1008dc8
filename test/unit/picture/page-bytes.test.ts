import { PG_ANON, PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import { isInBuddy, kindOfByte, writeMemoryBytes } from '../../../src/picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE, PAGE_KINDS } from '../../../src/picture/page-kinds.js';

describe('bytes of memory with gaps between its zones', () => {
  const flags = new Uint32Array([0, PG_BUDDY, PG_LRU | PG_ANON, 0, 0, PG_LRU | PG_ANON, 0]);
  const zones = [
    { start: 0, end: 3 },
    { start: 5, end: 7 },
  ];

  it('say of a gap that there is no memory, and of a page without flags in a zone that the kernel has it', () => {
    const bytes = new Uint8Array(7);
    writeMemoryBytes(flags, zones, 0, 7, bytes, 0);
    const kinds = [...bytes].map((byte) => PAGE_KINDS[kindOfByte(byte)]!.id);
    expect(kinds).toEqual(['kernel', 'free', 'anonymous', 'hole', 'hole', 'anonymous', 'kernel']);
    expect([...bytes].map(isInBuddy)).toEqual([false, true, false, false, false, false, false]);
  });

  it('are the same piece by piece', () => {
    const whole = new Uint8Array(7);
    writeMemoryBytes(flags, zones, 0, 7, whole, 0);
    const pieces = new Uint8Array(7);
    for (const [start, end] of [
      [0, 2],
      [2, 6],
      [6, 7],
    ] as const) {
      const piece = new Uint8Array(end - start);
      writeMemoryBytes(flags, zones, start, end, piece, 0);
      pieces.set(piece, start);
    }
    expect(pieces).toEqual(whole);
    expect(kindOfByte(whole[1]!)).toBe(KIND_FREE);
    expect(kindOfByte(whole[3]!)).toBe(KIND_HOLE);
  });
});
