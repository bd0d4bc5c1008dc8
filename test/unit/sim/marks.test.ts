import { describe, expect, it } from '@jest/globals';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { isSwap } from '../../../src/mm/pte.js';
import { ACCESS_OK, readFileContents, writeFilePage } from '../../../src/sim/access.js';
import { createProcess } from '../../../src/sim/address-space.js';
import { fillContents, originalLo } from '../../../src/sim/contents.js';
import { createFile } from '../../../src/sim/files.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import {
  expectSound,
  framesOf,
  get,
  held,
  type Mapped,
  mapInto,
  mustBe,
  put,
  serviceOf,
  settle,
  smallMachine,
  take,
} from './small-machine.js';

const MARK = 0x0100_0000;

/** A process whose pages hold marks. */
function marked(m: Machine, nrPages: number): Mapped {
  const mapped = mapInto(m, createProcess(m, 0), nrPages);
  for (let page = 0; page < nrPages; page++) put(m, mapped.mm, mapped.start + page, MARK + page, 99);
  settle(m);
  return mapped;
}

describe('a machine whose pages hold marks', () => {
  it('has one word a page, whose neighbours nobody touches', () => {
    const m = smallMachine({ contents: 'mark' });
    expect(m.contents.length).toBe(m.spec.nrPfns);
    const pfns = [take(m, 1), take(m, 1)].flatMap((head) => [head, head + 1]);
    for (const pfn of pfns) fillContents(m, pfn, MARK + pfn, 0);
    for (const pfn of [...pfns].reverse()) fillContents(m, pfn, MARK * 2 + pfn, 77);
    expect(pfns.map((pfn) => held(m, pfn))).toEqual(pfns.map((pfn) => [MARK * 2 + pfn, 0]));
    putPage(m, 0, pfns[0]!);
    expect(held(m, pfns[1]!)).toEqual([MARK * 2 + pfns[1]!, 0]);
  });

  it('reads them back from where they were moved to', () => {
    const m = smallMachine({ contents: 'mark' });
    const { mm, start, ...mapped } = marked(m, 100);
    const frames = framesOf(m, { mm, start, ...mapped }, 100);
    const { service } = serviceOf(m);
    const report = service.migrate({ pfns: Uint32Array.from(frames).sort(), mode: MIGRATE_SYNC, sparedOrder: 9 });
    expect(report.migrated).toBe(100);
    for (let page = 0; page < 100; page++) expect(get(m, mm, start + page)).toEqual([MARK + page, 0]);
    expectSound(m);
  });

  it('reads them back from swap', () => {
    const m = smallMachine({ contents: 'mark' });
    const { mm, start } = marked(m, 100);
    const ledger = takeLedger(m);
    for (let round = 0; round < 4; round++) reclaimPages(m, 0, m.spec.nrPfns);
    for (let page = 0; page < 100; page++) mustBe(isSwap(pteOf(m, mm, start + page)), true);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, pages: 100 });
    for (let page = 0; page < 100; page++) expect(get(m, mm, start + page)).toEqual([MARK + page, 0]);
    expectSound(m);
  });

  it('reads of a file what its device holds, at first and after it was written', () => {
    const m = smallMachine({ contents: 'mark', capacity: { stored: 9 } });
    const file = createFile(m, 12);
    const words = new Uint32Array(2);
    const read = (page: number): number[] => {
      mustBe(readFileContents(m, 0, file, page, words), ACCESS_OK);
      return [...words];
    };
    const before = takeLedger(m);
    expect(read(11)).toEqual([originalLo(file, 11), 0]);
    expect(compareLedger(m, before)).toMatchObject({ wrong: 0, pages: 12 });
    for (let page = 0; page < 8; page++) mustBe(writeFilePage(m, 0, file, page, MARK + page, 99, false), ACCESS_OK);
    const written = takeLedger(m);
    for (let round = 0; round < 8; round++) reclaimPages(m, 0, m.spec.nrPfns);
    expect(m.mapCached[file]).toBe(0);
    expect(compareLedger(m, written)).toMatchObject({ wrong: 0, pages: 12 });
    for (let page = 0; page < 8; page++) expect(read(page)).toEqual([MARK + page, 0]);
    expectSound(m);
  });
});
