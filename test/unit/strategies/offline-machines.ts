import { Prng } from '../../../src/base/prng.js';
import { type RangeEvent, RangeEvents } from '../../../src/events/range-events.js';
import type { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { createProcess, exitProcess } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import type { Machine } from '../../../src/sim/machine.js';
import { drainLruAdd } from '../../../src/sim/page-allocator.js';
import type { SimHost } from '../../../src/sim/sim-host.js';
import type { OfflineResult } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  fileProcess,
  get,
  type Mapped,
  mapInto,
  put,
  serviceOf,
  settle,
  smallMachine,
  zone,
} from '../sim/small-machine.js';

export const FOR_EVER = Number.MAX_VALUE;
/** Memory blocks of these machines: one pageblock. */
export const BLOCK = 512;

export interface Front<S> {
  readonly strategy: S;
  readonly host: SimHost;
  /** All range events so far. */
  readonly seen: RangeEvent[];
}

export type StrategyClass<S> = new (service: MigrationService, events: RangeEvents) => S;

export function frontOf<S>(m: Machine, Of: StrategyClass<S>): Front<S> {
  const { service, host } = serviceOf(m);
  const events = new RangeEvents();
  const seen: RangeEvent[] = [];
  events.events$.subscribe((event) => seen.push(event));
  return { strategy: new Of(service, events), host, seen };
}

/** Kernel memory in Normal, everything else in Movable, with holes: anonymous memory and a file, read, written, mapped. */
export function busyMachine({ seed = 1, swap = 4096 } = {}): Machine {
  const zones = [zone('Normal', 0, 4 * BLOCK, 16), zone('Movable', 4 * BLOCK, 16 * BLOCK, 32)];
  const m = smallMachine({ pages: 16 * BLOCK, blockPages: BLOCK, zones, swap });
  anonProcess(m, 500, 3);
  anonProcess(m, 200, 4);
  fillFile(m, 0, new Prng(seed));
  const gone = anonProcess(m, 1500);
  anonProcess(m, 300, 9);
  exitProcess(m, 0, gone.mm);
  settle(m);
  return m;
}

/** The first block of zone Movable of a busy machine. */
const FIRST_MOVABLE = 4;

/** Blocks of zone Movable of a busy machine that have pages in use. */
export function busyBlocks(m: Machine): number[] {
  return Array.from({ length: 16 - FIRST_MOVABLE }, (_, i) => i + FIRST_MOVABLE).filter(
    (block) => usedIn(m, block).length > 0,
  );
}

/** Two nodes; the second, blocks 8 to 15, takes movable memory only, and its CPU has filled some of it. */
export function twoNodes({ swap = 2048, seed = 1 } = {}): Machine {
  const zones = [zone('Normal', 0, 8 * BLOCK, 16), zone('Movable', 8 * BLOCK, 16 * BLOCK, 16, 1)];
  const m = smallMachine({ pages: 16 * BLOCK, blockPages: BLOCK, zones, swap });
  anonProcess(m, 300, 3);
  anonOn(m, 1, 700, 5);
  fillFile(m, 1, new Prng(seed));
  settle(m);
  return m;
}

export const SECOND_NODE = [8, 9, 10, 11, 12, 13, 14, 15];

/** As `anonProcess`, by a task that runs on a CPU of one's choice. */
export function anonOn(m: Machine, cpu: number, nrPages: number, tag: number): Mapped {
  const mapped = mapInto(m, createProcess(m, cpu), nrPages);
  for (let page = 0; page < nrPages; page++) put(m, mapped.mm, mapped.start + page, tag, page, cpu);
  drainLruAdd(m);
  return mapped;
}

/** A file of 300 pages, in the cache: some written, some of these with buffers; a third is mapped. */
function fillFile(m: Machine, cpu: number, prng: Prng): void {
  const file = createFile(m, 300);
  for (let page = 0; page < 300; page++) {
    if (prng.chance(0.3)) writeFilePage(m, cpu, file, page, 5, page, prng.chance(0.5));
    else readFilePage(m, cpu, file, page);
  }
  const mapped = fileProcess(m, file, 100);
  for (let page = 0; page < 100; page++) get(m, mapped.mm, mapped.start + page, cpu);
}

export function usedIn(m: Machine, block: number): number[] {
  const { blockPages } = m.spec;
  const pfns: number[] = [];
  for (let pfn = block * blockPages; pfn < (block + 1) * blockPages; pfn++)
    if ((m.flags[pfn]! & FREE_FLAGS) === 0) pfns.push(pfn);
  return pfns;
}

/** Moves of pages that had moved before. */
export function secondMoves({ moved }: OfflineResult): number {
  const arrived = new Set<number>();
  let again = 0;
  for (const [i, source] of moved.sources.entries()) {
    if (arrived.delete(source)) again++;
    arrived.add(moved.targets[i]!);
  }
  return again;
}

export function nothingIsolated(m: Machine): boolean {
  return m.nrIsolatedFree.every((nr) => nr === 0);
}

export function reasonsOf({ refusals }: Pick<OfflineResult, 'refusals'>): string[] {
  return refusals.map(({ reason }) => reason).sort();
}
