import { expect } from '@jest/globals';
import { PageEvents } from '../../../src/events/page-events.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { createProcess, zapPte } from '../../../src/sim/address-space.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { setPageblockType } from '../../../src/sim/pageblocks.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { type HighOrderResult, type HighOrderStrategy, runToEnd } from '../../../src/strategies/strategy.js';
import { expectSound, frameAt, type Mapped, mapInto, PLUGINS, put, settle } from '../sim/small-machine.js';

/** A machine whose every page is the kernel's until a test says what stands where. */
export class Stage {
  /**
   * Every second page from `room` on is free: holes to move to, in which nothing merges. Page tables have a pageblock of
   * their own, at `tables`.
   */
  constructor(
    readonly m: Machine,
    { room, tables }: { readonly room: number; readonly tables: number },
  ) {
    this.fill();
    setPageblockType(m, tables, MIGRATE_UNMOVABLE);
    for (let i = 0; i < 64; i++) this.free(tables + 2 * i, tables + 2 * i + 1);
    this.holes(room);
  }

  /** 64 more holes from a page on. */
  holes(start: number): void {
    for (let i = 0; i < 64; i++) this.free(start + 2 * i, start + 2 * i + 1);
  }

  /** Everything that is free becomes the kernel's. */
  fill(): void {
    const host = new SimHost(this.m);
    for (let pfn = host.allocateTarget(0, 0, 11); pfn !== NO_PAGE; pfn = host.allocateTarget(0, 0, 11))
      this.m.flags[pfn] = PG_SLAB;
  }

  /** A process, with its tables, that maps so many pages and has none of them. */
  process(nrPages: number): Mapped {
    const { m } = this;
    const task = mapInto(m, createProcess(m, 0), nrPages);
    put(m, task.mm, task.start, 1, 1);
    zapPte(m, 0, task.mm, task.start, task.vma);
    settle(m);
    return task;
  }

  /** Makes a kernel page the next one that CPU 0 is given. */
  #offer(pfn: number): void {
    expect(this.m.flags[pfn]).toBe(PG_SLAB);
    putPage(this.m, 0, pfn);
  }

  /** The process's page number `at` stands at a frame. */
  anon(task: Mapped, at: number, pfn: number): void {
    this.#offer(pfn);
    put(this.m, task.mm, task.start + at, 7, at);
    expect(frameAt(this.m, task.mm, task.start + at)).toBe(pfn);
  }

  /** Pages of a process of their own, at [start, end). */
  anons(start: number, end: number): Mapped {
    const task = this.process(end - start);
    for (let pfn = start; pfn < end; pfn++) this.anon(task, pfn - start, pfn);
    settle(this.m);
    return task;
  }

  /** Pages of a file at [start, end), read or written. */
  files(file: number, start: number, end: number, dirty = false, buffers = false): void {
    for (let pfn = start; pfn < end; pfn++) {
      this.#offer(pfn);
      if (dirty) writeFilePage(this.m, 0, file, pfn - start, 5, pfn, buffers);
      else expect(readFilePage(this.m, 0, file, pfn - start)).toBe(pfn);
    }
    settle(this.m);
  }

  /** Kernel pages [start, end) become free; what is freed last is first on its list. */
  free(start: number, end: number): void {
    for (let pfn = start; pfn < end; pfn++) {
      expect([pfn, this.m.flags[pfn]]).toEqual([pfn, PG_SLAB]);
      putPage(this.m, 0, pfn);
    }
    settle(this.m);
  }
}

export interface Play {
  readonly result: HighOrderResult;
  /** Pages by reason, refusals and hazards alike. */
  readonly told: Readonly<Record<string, number>>;
}

type Make = (service: MigrationService, events: RangeEvents) => HighOrderStrategy;
type Request = Parameters<HighOrderStrategy['run']>[0];

export interface Circumstances {
  /** Stands in for the machine's own. */
  readonly host?: SimHost | undefined;
  /** Virtual pages that others let go of meanwhile. */
  readonly loses?: number | undefined;
}

/** Runs a strategy to its end; nothing is lost and nothing broken, whatever it did. */
export function play(
  m: Machine,
  make: Make,
  request: Request,
  { host = new SimHost(m), loses = 0 }: Circumstances = {},
): Play {
  const ledger = takeLedger(m);
  const service = new MigrationService(host, PLUGINS, new PageEvents());
  const result = runToEnd(make(service, new RangeEvents()).run(request));
  if (loses === 0) expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
  settle(m);
  expectSound(m);
  return { result, told: Object.fromEntries(result.refusals.map(({ reason, pages }) => [reason, pages])) };
}
