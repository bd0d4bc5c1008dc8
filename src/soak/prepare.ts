import { assert } from '../base/assert.js';
import { VacateError } from '../base/vacate-error.js';
import { ptePayload } from '../mm/pte.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { ACCESS_OK, readFilePage, writePage } from '../sim/access.js';
import { createProcess, mapMemory, VM_WRITE } from '../sim/address-space.js';
import { createFile, createShmem } from '../sim/files.js';
import type { Machine } from '../sim/machine.js';
import { markDirty } from '../sim/page-cache.js';
import { pteOf } from '../sim/page-tables.js';
import { createLedger, type SoakLedger, writerOf } from './ledger.js';
import { type Area, FIRST_VPN, firstRow, type SoakShape } from './shape.js';

/**
 * Makes what all threads of a soak share, on a machine that no thread has begun to use: a file that is mapped privately,
 * one that is mapped shared, shared memory, and a process that is every thread's. Each word of the last three holds the
 * first sequence of the one thread that writes it.
 *
 * @throws VacateError kind 'no-room' if the machine has not enough memory.
 */
export function prepareMachine(m: Machine, shape: SoakShape): SoakLedger {
  const ledger = createLedger(shape);
  ledger.library[0] = createFile(m, shape.libraryPages);
  ledger.file[0] = createFile(m, shape.sharedPages);
  ledger.shmem[0] = createShmem(m, shape.sharedPages);
  const mm = createProcess(m, 0);
  if (mm === 0) noRoom();
  ledger.commonMm[0] = mm;
  const request = { start: FIRST_VPN.common, nrPages: shape.sharedPages, flags: VM_WRITE, file: 0, offset: 0 };
  assert(mapMemory(m, mm, request) !== 0, 'a new process has room for a mapping');
  for (let page = 0; page < shape.sharedPages; page++) {
    if (writePage(m, 0, mm, FIRST_VPN.common + page, 0, 0) !== ACCESS_OK) noRoom();
    fillShared(m, ledger, 'common', page, ptePayload(pteOf(m, mm, FIRST_VPN.common + page)));
    for (const area of ['file', 'shmem'] as const) {
      const frame = readFilePage(m, 0, ledger[area][0]!, page);
      if (frame === NO_PAGE) noRoom();
      fillShared(m, ledger, area, page, frame);
      markDirty(m, frame);
    }
  }
  return ledger;
}

function fillShared(m: Machine, { shape, expected, issued }: SoakLedger, area: Area, page: number, frame: Pfn): void {
  const first = (firstRow(shape, area) + page) * shape.words;
  for (let word = 0; word < shape.words; word++) {
    const value = issued[writerOf(shape, first + word)]!;
    expected[first + word] = value;
    m.contents[frame * shape.words + word] = value;
  }
}

function noRoom(): never {
  throw new VacateError(
    'no-room',
    'the machine has no memory left for what the threads of a soak share; give the scenario more memory or less to do',
  );
}
