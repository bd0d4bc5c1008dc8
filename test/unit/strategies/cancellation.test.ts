import { describe, expect, it } from '@jest/globals';
import { createEvacuator, type Evacuator, type Job, JobStopped, runToEnd, simModule } from '../../../src/index.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { NR_MAX_BATCHED_MIGRATION } from '../../../src/mm/migrate-mode.js';
import { FREE_FLAGS, PG_ANON, PG_DIRTY, PG_LOCKED, PG_NOPAGE } from '../../../src/mm/page-flags.js';
import { findHold, HOLD_LOCK } from '../../../src/sim/holds.js';
import { compareLedger, type Ledger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { isIsolated } from '../../../src/sim/pageblocks.js';
import { changed, expectSound, freeLists, PLUGINS, settle, snapshot } from '../sim/small-machine.js';
import {
  busiestBlocks,
  fragmentedMachine,
  MOVABLE_BLOCKS,
  offlineMachine,
  pressedMachine,
  shortMachine,
} from './cancellation-machines.js';

/*
 * Every strategy of every front end, in every mode, stopped at every pause of its run: what it had in hand goes back or
 * arrives, and nothing else has changed.
 */

type FrontEnd = keyof Evacuator['strategies'];

const FRONT_ENDS: readonly FrontEnd[] = ['highOrder', 'offline', 'reclaim'];

const evacuatorOf = (m: Machine) => createEvacuator({ host: simModule(m), plugins: PLUGINS });

/** Whatever the container binds: a strategy that is added is stopped here too. */
const { strategies } = evacuatorOf(fragmentedMachine());
const CASES = FRONT_ENDS.flatMap((frontEnd) => strategies[frontEnd].map((label) => [frontEnd, label] as const));

/** Those that move pages by the dozen pause often: fewer pages are enough for them. */
const fewPages = () => offlineMachine({ crowd: 40 });

function machineFor(frontEnd: FrontEnd, label: string): () => Machine {
  if (frontEnd === 'highOrder') return fragmentedMachine;
  if (frontEnd === 'reclaim') return shortMachine;
  if (label === 'swap-out') return pressedMachine;
  return /^(capture|node-remap)/.test(label) ? fewPages : offlineMachine;
}

function jobOf(evacuator: Evacuator, m: Machine, frontEnd: FrontEnd, label: string): Job<unknown> {
  if (frontEnd === 'highOrder') return evacuator.highOrder({ order: 4, count: 2 }, label);
  // As posted in September 2004, only order 0 ever wakes kswapd.
  if (frontEnd === 'reclaim') return evacuator.reclaim({ order: label === 'kswapd-orders:historical' ? 0 : 3 }, label);
  return evacuator.offline({ blocks: label.startsWith('node-remap') ? MOVABLE_BLOCKS : busiestBlocks(m) }, label);
}

/** What a run has done so far that is not undone. */
interface Done {
  /** Pages whose contents have been copied. */
  readonly copied: number;
  readonly reclaimed: number;
  /** Swap slots in use. */
  readonly swapUsed: number;
  /** Blocks that have been said to be offline. */
  readonly offline: readonly number[];
}

/** A run, watched from outside. */
class Run {
  readonly job: Job<unknown>;
  pauses = 0;
  readonly steps = new Set<string>();
  /** "started" and how it ended, of runs inside it as well. */
  readonly heard: string[] = [];
  readonly #evacuator: Evacuator;
  readonly #reclaimedBefore: number;
  readonly #offline: number[] = [];
  #copied = 0;

  constructor(m: Machine, frontEnd: FrontEnd, label: string) {
    this.#evacuator = evacuatorOf(m);
    const { host, ranges$ } = this.#evacuator;
    this.#reclaimedBefore = host.reclaim.counters.reclaimed;
    const copy = host.copy.bind(host);
    host.copy = (sources, targets, nrPages) => {
      this.#copied += nrPages;
      copy(sources, targets, nrPages);
    };
    ranges$.subscribe((event) => {
      if (event.kind === 'block-state') this.#offline.push(event.block);
      if (event.kind === 'run-started') this.heard.push('started');
      if (event.kind === 'run-finished') this.heard.push(event.outcome);
    });
    this.job = jobOf(this.#evacuator, m, frontEnd, label);
  }

  get done(): Done {
    const { reclaim, swap } = this.#evacuator.host;
    const reclaimed = reclaim.counters.reclaimed - this.#reclaimedBefore;
    return { copied: this.#copied, reclaimed, swapUsed: swap.used, offline: [...this.#offline] };
  }

  /** Runs to its end, or to the pause of a number; returns what it threw. */
  go(stopAt = Number.POSITIVE_INFINITY, atPause = () => {}): unknown {
    const controller = new AbortController();
    const onPause = ({ step }: { readonly step: string }) => {
      this.steps.add(step);
      this.pauses++;
      atPause();
      if (this.pauses === stopAt) controller.abort(stopAt);
    };
    try {
      runToEnd(this.job, { signal: controller.signal, onPause });
      return null;
    } catch (error) {
      return error;
    }
  }
}

/** A machine before a run, and what is still true of it after one that was stopped. */
class Scene {
  readonly m: Machine;
  readonly start: Uint8Array;
  readonly #ledger: Ledger;
  readonly #lists: string;
  readonly #used: number;

  constructor(machine: Machine) {
    settle(machine);
    this.m = machine;
    this.start = snapshot(machine);
    this.#ledger = takeLedger(machine);
    this.#lists = JSON.stringify(freeLists(machine));
    this.#used = pagesInUse(machine);
  }

  restore(): Machine {
    new Uint8Array(this.m.buffer).set(this.start);
    return this.m;
  }

  /** Nobody is at work on it, and nobody has lost anything. */
  expectAtRest({ done: { reclaimed, offline } }: Run): void {
    const { m } = this;
    expectSound(m);
    expect(compareLedger(m, this.#ledger)).toMatchObject({ wrong: 0, firstWrong: null });
    for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
      if (isIsolated(m, pfn)) throw new Error(`page ${pfn} is still isolated or booked`);
      if ((m.flags[pfn]! & PG_LOCKED) !== 0 && findHold(m, pfn, HOLD_LOCK) < 0)
        throw new Error(`page ${pfn} is still locked`);
    }
    expect(Array.from(m.blockState)).toEqual(
      Array.from(m.blockState.keys(), (block) => (offline.includes(block) ? BLOCK_OFFLINE : BLOCK_ONLINE)),
    );
    // No target and no free block has been kept.
    expect(pagesInUse(m)).toBe(this.#used - reclaimed);
  }

  /** Columns that are not as they were, but for the order in which free pages stand on their lists. */
  differences(): string[] {
    const { m } = this;
    settle(m);
    const names = changed(m, this.start).filter((name) => {
      if (name === 'freeHead' || name === 'freeTail' || name.startsWith('pcp')) return false;
      return !PAGE_COLUMNS.has(name) || this.#differsInUse(m[name as keyof Machine] as Uint32Array);
    });
    return JSON.stringify(freeLists(m)) === this.#lists ? names : [...names, 'free lists'];
  }

  /** What a free page has in a column is its list's business. */
  #differsInUse(column: Uint32Array): boolean {
    const { flags } = this.m;
    const perPage = column.length / flags.length;
    const [before, flagsBefore] = [this.#before(column), this.#before(flags)];
    return column.some((value, at) => {
      const pfn = Math.floor(at / perPage);
      // An anonymous page that has given its swap slot back stays dirty, which means nothing without one.
      const ignored = column === flags && (value & PG_ANON) !== 0 ? PG_DIRTY : 0;
      return ((value ^ before[at]!) & ~ignored) !== 0 && (flags[pfn]! & flagsBefore[pfn]! & FREE_FLAGS) === 0;
    });
  }

  /** The column as it was; it may be of any width. */
  #before(column: Uint32Array): Uint32Array {
    const Kind = column.constructor as typeof Uint32Array;
    return new Kind(this.start.buffer as ArrayBuffer, column.byteOffset, column.length);
  }
}

const scenes = new Map<() => Machine, Scene>();

/** One machine for all that run on such a one: it is as new for each. */
function sceneFor(frontEnd: FrontEnd, label: string): Scene {
  const build = machineFor(frontEnd, label);
  const scene = scenes.get(build) ?? new Scene(build());
  scenes.set(build, scene);
  return scene;
}

const PAGE_COLUMNS = new Set(['flags', 'count', 'mapcount', 'index', 'contents']);
/** Time has gone by, and others have let go of the pages that they held. */
const WAITED = ['clock', 'holdPfn', 'holdKind', 'holdUntil', 'scalars', 'flags', 'count'];
/** Where the next search for a free swap slot begins. */
const SLOT_HINT = ['scalars'];
/** An ordinary allocation may have turned the type of a pageblock, and what it came back to is of that type now. */
const STOLEN = ['migratetype', 'freeBlocks', 'free lists'];

function pagesInUse({ flags }: Machine): number {
  return flags.reduce((nr, has) => nr + ((has & (FREE_FLAGS | PG_NOPAGE)) === 0 ? 1 : 0), 0);
}

/** Stops a run at a pause and looks at what it has left behind. */
function expectUndone(scene: Scene, frontEnd: FrontEnd, label: string, stopAt: number): void {
  const run = new Run(scene.restore(), frontEnd, label);
  const atFirst = run.done;
  let before = atFirst;
  const error = run.go(stopAt, () => {
    before = run.done;
  });
  expect(error).toBeInstanceOf(JobStopped);
  expect(error).toMatchObject({ reason: stopAt });
  expect(run.heard.filter((word) => word === 'started')).toHaveLength(run.heard.length / 2);
  expect(run.heard.at(-1)).toBe('interrupted');
  expect(run.done.copied - before.copied).toBeLessThanOrEqual(NR_MAX_BATCHED_MIGRATION);
  const { copied, swapUsed } = run.done;
  expect(run.done).toEqual({ ...before, copied, swapUsed });
  // Only pages that have moved keep a slot that they were given for it.
  if (!run.steps.has('reclaiming')) expect(swapUsed).toBeLessThanOrEqual(atFirst.swapUsed + copied);
  scene.expectAtRest(run);
  // Nothing has moved or been written, and no block has gone.
  if (JSON.stringify(run.done) !== JSON.stringify(atFirst) || run.steps.has('reclaiming')) return;
  const names = scene.differences();
  const throughSwap = label === 'node-remap' || label === 'capture:swap';
  const excused = [
    ...(names.includes('clock') ? WAITED : []),
    ...(frontEnd === 'offline' ? STOLEN : []),
    ...(throughSwap ? SLOT_HINT : []),
  ];
  expect(names.filter((name) => !excused.includes(name))).toEqual([]);
}

describe.each(CASES)('%s %s', (frontEnd, label) => {
  it('stopped at any pause, moves no page that was not in hand and leaves nothing behind', () => {
    const scene = sceneFor(frontEnd, label);
    const whole = new Run(scene.restore(), frontEnd, label);
    expect(whole.go()).toBeNull();
    expect(whole.done.copied + whole.done.reclaimed).toBeGreaterThan(0);
    for (let stopAt = 1; stopAt <= whole.pauses; stopAt++) expectUndone(scene, frontEnd, label, stopAt);
  });

  it('does not touch the machine if nobody lets it begin', () => {
    const scene = sceneFor(frontEnd, label);
    const job = jobOf(evacuatorOf(scene.restore()), scene.m, frontEnd, label);
    expect(() => runToEnd(job, { signal: AbortSignal.abort() })).toThrow(JobStopped);
    expect(changed(scene.m, scene.start)).toEqual([]);
  });
});
