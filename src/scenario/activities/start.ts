import { Prng } from '../../base/prng.js';
import type { Machine } from '../../sim/machine.js';
import { advance } from '../../sim/writeback.js';
import type { StatedActivity } from '../activity-schema.js';
import { Contents } from '../contents.js';
import type { Scenario } from '../schema.js';
import type { Activity, Scene, Tally } from './activity.js';
import { CacheReads } from './cache-reads.js';
import { DirectIo } from './direct-io.js';
import { FileChurn } from './file-churn.js';
import { Forks } from './forks.js';
import { Growth } from './growth.js';
import { JumboFrames } from './jumbo-frames.js';
import { Touch } from './touch.js';

/** What other tasks do on a machine while a job runs. */
export interface Activities {
  /**
   * Lets so much virtual time go by, in nanoseconds, and lets every activity do what it does in that time. A task that
   * finds no memory goes without, which is counted; one that meets a page that is moving sleeps and tries again.
   */
  run(ns: number): void;
  /** Requests for memory that were not met so far. */
  readonly failures: number;
  /** Pages that read something else than what activities had written to them; 0 unless something is broken. */
  readonly wrong: number;
  /** True for a page of a workload that an activity has written: it reads something else than before, and rightly so. */
  hasWritten(mm: number, vpn: number): boolean;
  /**
   * Ends them: each reads once more what it wrote, and what they hold is free again. What a job holds locked at one of
   * its pauses is freed by asking again afterwards.
   */
  stop(): void;
}

/**
 * Starts what other tasks do on the machine of a scenario. The same machine, seed and calls give the same machine, byte
 * for byte.
 */
export function startActivities(scenario: Scenario, machine: Machine, seed: number): Activities {
  return new RunningActivities(scenario.activities, machine, seed);
}

/** How often tasks get their turn. What they do in between adds up, so that it matters little how time is cut. */
const TICK_NS = 100_000;
const NS_PER_MS = 1_000_000;
/** Rounds in which pages may be unlocked before `stop` gives up. */
const STOP_ROUNDS = 10;
/** Contents and chance of activities are not those that built the machine. */
const ACTIVITY_SEED = 0x5ac7_1715;

class RunningActivities implements Activities {
  readonly #tally: Tally = { failures: 0, wrong: 0 };
  readonly #written = new Set<number>();
  #activities: Activity[];
  /** Steps that each may make and has not made. */
  readonly #credit: Float64Array;
  #sinceTick = 0;
  #stopped = false;

  constructor(
    stated: readonly StatedActivity[],
    private readonly machine: Machine,
    seed: number,
  ) {
    const prng = new Prng(seed ^ ACTIVITY_SEED);
    const contents = new Contents(prng.uint32(), machine.contentWords);
    this.#credit = new Float64Array(stated.length);
    this.#activities = stated.map((activity, at) => {
      const cpu = at % machine.spec.nrCpus;
      return start({ machine, cpu, prng: prng.split(at), contents, tally: this.#tally }, activity, (mm, vpn) =>
        this.#written.add(keyOf(mm, vpn)),
      );
    });
  }

  get failures(): number {
    return this.#tally.failures;
  }

  get wrong(): number {
    return this.#tally.wrong;
  }

  hasWritten(mm: number, vpn: number): boolean {
    return this.#written.has(keyOf(mm, vpn));
  }

  run(ns: number): void {
    for (let left = ns; left > 0; ) {
      const slice = Math.min(left, TICK_NS - this.#sinceTick);
      advance(this.machine, 0, slice);
      left -= slice;
      this.#sinceTick += slice;
      if (this.#sinceTick < TICK_NS) continue;
      this.#sinceTick = 0;
      if (!this.#stopped) this.#tick();
    }
  }

  stop(): void {
    this.#stopped = true;
    for (let round = 0; round < STOP_ROUNDS && this.#activities.length > 0; round++) {
      this.#activities = this.#activities.filter((activity) => !activity.end());
      if (this.#activities.length > 0) advance(this.machine, 0, NS_PER_MS);
    }
  }

  #tick(): void {
    for (const [at, activity] of this.#activities.entries()) {
      activity.expire();
      const due = (this.#credit[at] as number) + (activity.rate * TICK_NS) / NS_PER_MS;
      // Who has slept catches up a little, and not on all that it has missed.
      let credit = Math.min(due, Math.max(1, activity.rate));
      while (credit >= 1 && activity.step() === 'done') credit--;
      this.#credit[at] = credit;
    }
  }
}

/** Virtual page numbers have 27 bits, so that both fit a whole number. */
function keyOf(mm: number, vpn: number): number {
  return mm * 2 ** 27 + vpn;
}

function start(scene: Scene, stated: StatedActivity, onWrite: (mm: number, vpn: number) => void): Activity {
  switch (stated.kind) {
    case 'file-churn':
      return new FileChurn(scene, stated);
    case 'fork':
      return new Forks(scene, stated);
    case 'touch':
      return new Touch(scene, stated, onWrite);
    case 'direct-io':
      return new DirectIo(scene, stated);
    case 'jumbo-frames':
      return new JumboFrames(scene, stated);
    case 'cache-reads':
      return new CacheReads(scene, stated);
    case 'growth':
      return new Growth(scene, stated);
  }
}
