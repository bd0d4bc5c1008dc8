import { Prng } from '../../../src/base/prng.js';
import { type RangeEvent, RangeEvents } from '../../../src/events/range-events.js';
import type { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { exitProcess } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { SimHost } from '../../../src/sim/sim-host.js';
import type { OfflineResult } from '../../../src/strategies/strategy.js';
import { anonProcess, fileProcess, get, type Mapped, serviceOf, settle, smallMachine, zone } from '../sim/small-machine.js';

export const FOR_EVER = Number.MAX_VALUE;
/** Memory blocks of these machines: one pageblock. */
export const BLOCK = 512;

export interface Front<S> {
  readonly strategy: S;
  readonly host: SimHost;
  /** All range events so far. */
  readonly seen: RangeEvent[];
}

export function frontOf<S>(m: Machine, Of: new (service: MigrationService, events: RangeEvents) => S): Front<S> {
  const { service, host } = serviceOf(m);
  const events = new RangeEvents();
  const seen: RangeEvent[] = [];
  events.events$.subscribe((event) => seen.push(event));
  return { strategy: new Of(service, events), host, seen };
}

export interface Busy {
  readonly m: Machine;
  readonly tasks: readonly Mapped[];
  readonly file: number;
  readonly filePages: number;
}

/** Kernel memory in Normal, everything else in Movable, with holes: anonymous memory and a file, read, written, mapped. */
export function busyMachine({ seed = 1, swap = 4096, gone = 1500, min = 32, movableNode = 0 } = {}): Busy {
  const zones = [zone('Normal', 0, 1024, 16), zone('Movable', 1024, 8192, min, movableNode)];
  const m = smallMachine({ pages: 8192, blockPages: BLOCK, zones, swap, capacity: { holds: 4096 } });
  const prng = new Prng(seed);
  const tasks = [anonProcess(m, 500, 3), anonProcess(m, 200, 4)];
  const filePages = 300;
  const file = createFile(m, filePages);
  for (let page = 0; page < filePages; page++) {
    if (prng.chance(0.3)) writeFilePage(m, 0, file, page, 5, page, prng.chance(0.5));
    else readFilePage(m, 0, file, page);
  }
  const mapped = fileProcess(m, file, 100);
  for (let page = 0; page < 100; page++) get(m, mapped.mm, mapped.start + page);
  const left = anonProcess(m, gone);
  tasks.push(anonProcess(m, 300, 9), mapped);
  exitProcess(m, 0, left.mm);
  settle(m);
  return { m, tasks, file, filePages };
}

export function usedIn(m: Machine, block: number): number[] {
  const { blockPages } = m.spec;
  const pfns: number[] = [];
  for (let pfn = block * blockPages; pfn < (block + 1) * blockPages; pfn++)
    if ((m.flags[pfn]! & FREE_FLAGS) === 0) pfns.push(pfn);
  return pfns;
}

/** Blocks of zone Movable of a busy machine that have pages in use. */
export function busyBlocks(m: Machine): number[] {
  return Array.from({ length: 14 }, (_, i) => i + 2).filter((block) => usedIn(m, block).length > 0);
}

/** Everything in the file and in the mappings is there again, read back if it had gone to a device. */
export function faultIn({ m, tasks, file, filePages }: Busy, pagesOf = (task: Mapped) => m.vmaPages[task.vma]!): void {
  for (let page = 0; page < filePages; page++) readFilePage(m, 0, file, page);
  for (const task of tasks) for (let page = 0; page < pagesOf(task); page++) get(m, task.mm, task.start + page);
  settle(m);
}

export function secondMoves({ moved }: OfflineResult): number {
  return moved.sources.length - new Set(followedBack(moved.sources, moved.targets)).size;
}

/** For every move, where the page stood before the first one. */
function followedBack(sources: Uint32Array, targets: Uint32Array): number[] {
  const origin = new Map<number, number>();
  return Array.from(sources, (source, i) => {
    const from = origin.get(source) ?? source;
    origin.delete(source);
    origin.set(targets[i]!, from);
    return from;
  });
}

export function nothingIsolated(m: Machine): boolean {
  return m.nrIsolatedFree.every((nr) => nr === 0);
}
