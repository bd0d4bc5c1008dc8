import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { ACCESS_BLOCKED, ACCESS_NO_MEMORY, writePage } from '../../../src/sim/access.js';
import { forkProcess, zapPte } from '../../../src/sim/address-space.js';
import { pin } from '../../../src/sim/holds.js';
import type { Machine } from '../../../src/sim/machine.js';
import { advance } from '../../../src/sim/writeback.js';
import { Booking } from '../../../src/strategies/high-order/booking.js';
import { Tosatti } from '../../../src/strategies/high-order/tosatti/tosatti.js';
import type { HighOrderStrategy } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  expectSound,
  frameAt,
  get,
  type Mapped,
  SEED,
  serviceOf,
  settle,
  smallMachine,
} from '../sim/small-machine.js';

const PAGES = 1200;

/** Another CPU that writes, drops, forks and pins while a strategy runs, and remembers what every page must hold. */
class Neighbour {
  readonly #holds = new Map<number, [number, number]>();
  readonly #task: Mapped;
  #writes = 0;

  constructor(
    private readonly m: Machine,
    private readonly prng: Prng,
  ) {
    this.#task = anonProcess(m, PAGES);
    for (let page = 0; page < PAGES; page++) this.#holds.set(page, [7, page]);
    for (let page = 0; page < PAGES; page++) if (prng.chance(0.4)) this.#drop(page);
    settle(m);
  }

  act(): void {
    const { m, prng } = this;
    const page = prng.below(PAGES);
    const dice = prng.below(100);
    if (dice < 50) this.#write(page);
    else if (dice < 75) this.#drop(page);
    else if (dice < 85) this.#pin(page);
    else if (dice < 86) forkProcess(m, 1, this.#task.mm);
    else advance(m, 1, 50_000);
  }

  #write(page: number): void {
    const { m } = this;
    const access = writePage(m, 1, this.#task.mm, this.#task.start + page, 8, ++this.#writes);
    if (access === ACCESS_BLOCKED || access === ACCESS_NO_MEMORY) return;
    this.#holds.set(page, [8, this.#writes]);
  }

  #drop(page: number): void {
    zapPte(this.m, 1, this.#task.mm, this.#task.start + page, this.#task.vma);
    this.#holds.delete(page);
  }

  #pin(page: number): void {
    const pfn = frameAt(this.m, this.#task.mm, this.#task.start + page);
    if (pfn >= 0) pin(this.m, pfn, this.m.clock[0]! + 2_000_000);
  }

  expectAllThere(): void {
    for (const [page, words] of this.#holds)
      expect([page, get(this.m, this.#task.mm, this.#task.start + page)]).toEqual([page, words]);
  }
}

const STRATEGIES: Readonly<Record<string, (m: Machine) => { strategy: HighOrderStrategy; mode?: string }>> = {
  'tosatti:intended': (m) => ({ strategy: new Tosatti(serviceOf(m).service, new RangeEvents()), mode: 'intended' }),
  'tosatti:historical': (m) => ({ strategy: new Tosatti(serviceOf(m).service, new RangeEvents()), mode: 'historical' }),
  'tosatti:2005': (m) => ({ strategy: new Tosatti(serviceOf(m).service, new RangeEvents()), mode: '2005' }),
  booking: (m) => ({ strategy: new Booking(serviceOf(m).service, new RangeEvents()) }),
};

describe.each(Object.keys(STRATEGIES))('%s, while another CPU is at work', (name) => {
  it.each([0, 1, 2, 3])(`loses nothing and breaks nothing (seed ${SEED} + %i)`, (more) => {
    const m = smallMachine({ pages: 2560, swap: 4096, capacity: { holds: 4096, processes: 128 } });
    const prng = new Prng(SEED + more);
    const neighbour = new Neighbour(m, prng);
    const { strategy, mode } = STRATEGIES[name]!(m);
    const job = strategy.run({ order: 3 + more, count: 24, ...(mode === undefined ? {} : { mode }) });
    let pauses = 0;
    for (let step = job.next(); step.done !== true; step = job.next()) {
      pauses++;
      neighbour.act();
    }
    expect(pauses).toBeGreaterThan(0);
    advance(m, 0, 10_000_000);
    settle(m);
    expectSound(m);
    neighbour.expectAllThere();
  });
});
