import anonymous from '../../plugins/anonymous/index.js';
import fileBacked from '../../plugins/file-backed/index.js';
import movableOps from '../../plugins/movable-ops/index.js';
import nonlinear from '../../plugins/nonlinear/index.js';
import swapBacked from '../../plugins/swap-backed/index.js';
import { PageEvents } from '../../src/events/page-events.js';
import { HandlerTable } from '../../src/migration/handler-table.js';
import { PG_SLAB } from '../../src/mm/page-flags.js';
import { isMigration, isPresent, isSwap, ptePayload } from '../../src/mm/pte.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_PAGES } from '../../src/mm/units.js';
import { allocateKernelPages } from '../../src/sim/access.js';
import { createProcess, forkProcess } from '../../src/sim/address-space.js';
import type { Machine } from '../../src/sim/machine.js';
import { drainLruAdd, drainPcp, putPage } from '../../src/sim/page-allocator.js';
import { findInCache } from '../../src/sim/page-cache.js';
import { ensurePteAt, pteOf } from '../../src/sim/page-tables.js';
import { swapCachePage } from '../../src/sim/swap.js';
import { allocateTarget, freeTarget } from '../../src/sim/targets.js';
import { CPU, KINDS, type Kind, type Place } from './kinds.js';
import { NR_PROCESSES, Oracle } from './oracle.js';
import { tinyMachine } from './tiny-machine.js';

export const SHIPPED = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

/** Virtual pages of a world, apart from each other so that each has a VMA and a TLB entry of its own. */
const FIRST_VPN = 16;
const VPN_STEP = 2;

/** What is to be explored: pages of some kinds, CPUs, and how much the others may do. */
export interface WorldSpec {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly cpus: number;
  readonly budget: number;
  /** The migration waits for writes to end, in its last pass. */
  readonly waits: boolean;
  /** A second migrator has the same list. */
  readonly rival: boolean;
  /** Memory blocks; 1 if absent. With more, the pages are in the second one, and page tables in the first. */
  readonly blocks?: number;
}

/** A machine with a few pages, ready for a migration; it can be put back to where it begins. */
export class World {
  readonly machine: Machine;
  readonly oracle: Oracle;
  readonly events = new PageEvents();
  /** The frames that the pages have at first, in the order of the pages. */
  readonly frames: readonly number[];
  readonly pfns: Uint32Array;
  /** Where the next page that moves will move to. */
  readonly nextTarget: number;
  readonly #base: Uint8Array;
  readonly #state: Uint8Array;
  readonly #baseWords: Uint32Array;

  constructor(readonly spec: WorldSpec) {
    const machine = tinyMachine(spec.cpus, spec.blocks);
    const files = spec.kinds.map(({ file }) => (file === null ? 0 : file(machine)));
    const vpns = spec.kinds.map((_, page) => FIRST_VPN + page * VPN_STEP);
    this.machine = machine;
    this.oracle = new Oracle(machine, vpns, files);
    this.#makePages(spec.kinds);
    this.frames = spec.kinds.map((_, page) => this.frameOf(page));
    this.pfns = Uint32Array.from(new Set(spec.kinds.flatMap((_, page) => this.#framesOf(page)))).sort();
    this.nextTarget = allocateTarget(machine, 0, this.frames[0]!, MAX_PAGE_ORDER + 1);
    freeTarget(machine, this.nextTarget, 0);
    this.oracle.budget = spec.budget;
    this.#state = new Uint8Array(machine.buffer);
    this.#base = this.#state.slice();
    this.#baseWords = this.oracle.words.slice();
  }

  #makePages(kinds: readonly Kind[]): void {
    const { machine, oracle } = this;
    oracle.setMm(0, createProcess(machine, CPU));
    const places = kinds.map(
      (_, page): Place => ({ machine, oracle, page, vpn: oracle.vpns[page]!, file: oracle.files[page]! }),
    );
    const hoard = this.#hoardFirstBlock();
    kinds.forEach((kind, page) => {
      kind.make(places[page]!);
    });
    drainLruAdd(machine);
    if (kinds.some(({ forked }) => forked)) oracle.fork(0, 1, forkProcess(machine, CPU, oracle.mm(0)));
    kinds.forEach((kind, page) => {
      kind.finish?.(places[page]!);
    });
    drainLruAdd(machine);
    for (const pfn of hoard) putPage(machine, CPU, pfn);
    drainPcp(machine);
  }

  /** What is left of the first block, so that pages come to stand in the second; the process has its page tables. */
  #hoardFirstBlock(): number[] {
    const { machine, oracle } = this;
    const hoard: number[] = [];
    if ((this.spec.blocks ?? 1) === 1) return hoard;
    ensurePteAt(machine, CPU, oracle.mm(0), FIRST_VPN);
    drainPcp(machine);
    for (;;) {
      const pfn = allocateKernelPages(machine, CPU, 0, PG_SLAB);
      if (pfn >= PAGEBLOCK_PAGES) {
        putPage(machine, CPU, pfn);
        return hoard;
      }
      hoard.push(pfn);
    }
  }

  /** Puts everything back to where the world begins. */
  restore(): void {
    this.#state.set(this.#base);
    this.oracle.words.set(this.#baseWords);
  }

  table(host: { readonly pages: ConstructorParameters<typeof HandlerTable>[1] }): HandlerTable {
    return new HandlerTable(SHIPPED, host.pages);
  }

  /** The frame that a page has now, wherever it is found; -1 if it is in none. */
  frameOf(page: number): number {
    for (let slot = 0; slot < NR_PROCESSES; slot++) {
      const pfn = this.mappedFrame(slot, page);
      if (pfn >= 0) return pfn;
    }
    return this.cachedFrame(page, 0);
  }

  /** Every frame that has something of the page: parent and child may have one each. */
  #framesOf(page: number): number[] {
    const slots = Array.from({ length: NR_PROCESSES }, (_, slot) => this.mappedFrame(slot, page));
    return [...slots.filter((pfn) => pfn >= 0), this.frames[page]!];
  }

  /** The frame that a process maps at a page, has a migration entry for, or has in the swap cache; -1 for none. */
  mappedFrame(slot: number, page: number): number {
    const mm = this.oracle.mm(slot);
    if (mm === 0) return -1;
    const pte = pteOf(this.machine, mm, this.oracle.vpns[page]!);
    if (isPresent(pte) || isMigration(pte)) return ptePayload(pte);
    return isSwap(pte) ? swapCachePage(this.machine, ptePayload(pte)) : -1;
  }

  cachedFrame(page: number, at: number): number {
    const file = this.oracle.files[page]!;
    if (file === 0) return -1;
    const pfn = findInCache(this.machine, this.machine.mapBase[file]! + at);
    return pfn < this.machine.spec.nrPfns ? pfn : -1;
  }

  /** Bytes of the machine as the world begins with them. */
  get base(): Uint8Array {
    return this.#base;
  }
}

export function kindNamed(name: string): Kind | undefined {
  return KINDS.find((kind) => kind.name === name);
}
