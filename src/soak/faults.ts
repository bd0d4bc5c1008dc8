import type { Prng } from '../base/prng.js';
import { FREE_FLAGS, PG_LOCKED, PG_LRU } from '../mm/page-flags.js';
import { HOLD_WRITEBACK, lockPage } from '../sim/holds.js';
import { type Machine, SCALAR } from '../sim/machine.js';
import { freeSwap, takeSwapForShmem } from '../sim/swap.js';
import { advance, startWriteback } from '../sim/writeback.js';
import { type Counters, countFault } from './counters.js';
import type { FaultKind } from './fault-kinds.js';

/** Of so many occasions one goes wrong, while a fault is armed. */
const ODDS: Readonly<Partial<Record<FaultKind, number>>> = {
  'no-target': 64,
  'still-mapped': 256,
  'handler-throws': 128,
  'handler-garbage': 128,
  'listener-throws': 2,
  'listener-blocks': 4,
};

/** Something goes wrong in one of so many jobs; an odd number, so that it is the turn of all kinds of jobs. */
const FAULTY_EVERY = 3;
/** Pages whose writes do not end as long as a job goes on, at most; so many are looked at for that. */
const STALLED_PAGES = 64;
const STALL_LOOKS = 4096;
/** Pages that somebody locks at the beginning of a job, and for how long in virtual time. */
const LOCKED_PAGES = 24;
const LOCKED_NS = 2_000_000;

/** Thrown where a handler or a listener is meant to fail. */
export class PlannedFailure extends Error {
  override readonly name = 'PlannedFailure';
}

/** What goes wrong in the jobs of one migrator: every few jobs one kind, those that are wanted in turn. */
export class Faults {
  #armed: FaultKind | null = null;
  #jobs = 0;
  readonly #swapSlots: number[] = [];

  constructor(
    private readonly migrator: number,
    private readonly kinds: readonly FaultKind[],
    private readonly counters: Counters,
    private readonly prng: Prng,
  ) {}

  get armed(): FaultKind | null {
    return this.#armed;
  }

  /** What is to go wrong in the next job. */
  arm(): void {
    // Threads are ended by whoever watches over them.
    const kinds = this.kinds.filter((kind) => kind !== 'thread-killed');
    const job = this.#jobs++;
    const isFaulty = kinds.length > 0 && job % FAULTY_EVERY === 0;
    this.#armed = isFaulty ? kinds[(job / FAULTY_EVERY) % kinds.length]! : null;
  }

  disarm(): void {
    this.#armed = null;
  }

  count(kind: FaultKind, times = 1): void {
    countFault(this.counters, this.migrator, kind, times);
  }

  /** True, and counted, if this is an occasion at which an armed fault strikes. */
  strikes(kind: FaultKind): boolean {
    if (this.#armed !== kind || this.prng.below(ODDS[kind] ?? 1) !== 0) return false;
    this.count(kind);
    return true;
  }

  /** Brings the machine into the state in which the next job is to find it; in the kernel. */
  begin(m: Machine): void {
    if (this.#armed === 'swap-full') this.#fillSwap(m);
    else if (this.#armed === 'writeback-stalls') this.#stallWriteback(m);
    else if (this.#armed === 'page-locked') this.#lockPages(m);
  }

  /** The end of all that `begin` did; in the kernel. */
  end(m: Machine, cpu: number): void {
    for (const slot of this.#swapSlots.splice(0)) freeSwap(m, slot);
    if (this.#armed !== 'writeback-stalls') return;
    const nr = m.scalars[SCALAR.nrHolds]!;
    for (let at = 0; at < nr; at++)
      if (m.holdKind[at] === HOLD_WRITEBACK && m.holdUntil[at] === Number.POSITIVE_INFINITY) m.holdUntil[at] = 0;
    advance(m, cpu, 0);
  }

  #fillSwap(m: Machine): void {
    for (let slot = takeSwapForShmem(m); slot !== 0; slot = takeSwapForShmem(m)) this.#swapSlots.push(slot);
    this.count('swap-full');
  }

  /** Writes that will not end as long as the job goes on: those under way, and some that begin now. */
  #stallWriteback(m: Machine): void {
    for (let look = 0, begun = 0; look < STALL_LOOKS && begun < STALLED_PAGES; look++)
      if (startWriteback(m, this.prng.below(m.spec.nrPfns))) begun++;
    const nr = m.scalars[SCALAR.nrHolds]!;
    let stalled = 0;
    for (let at = 0; at < nr; at++) {
      if (m.holdKind[at] !== HOLD_WRITEBACK) continue;
      m.holdUntil[at] = Number.POSITIVE_INFINITY;
      stalled++;
    }
    this.count('writeback-stalls', stalled);
  }

  #lockPages(m: Machine): void {
    for (let i = 0; i < LOCKED_PAGES; i++) {
      const pfn = this.prng.below(m.spec.nrPfns);
      const flags = m.flags[pfn]!;
      if ((flags & (FREE_FLAGS | PG_LOCKED)) !== 0 || (flags & PG_LRU) === 0 || m.count[pfn] === 0) continue;
      if (lockPage(m, pfn, m.clock[0]! + LOCKED_NS)) this.count('page-locked');
    }
  }
}
