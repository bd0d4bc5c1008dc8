import { VacateError } from '../../src/base/vacate-error.js';
import { createEvacuator, type Evacuator } from '../../src/container/create-evacuator.js';
import { isIsolated } from '../../src/sim/pageblocks.js';
import { simModule } from '../../src/sim/sim-module.js';
import type { Job } from '../../src/strategies/strategy.js';
import { checkAtRest, settle } from './checks.js';
import { KINDS } from './kinds.js';
import { PreemptedHost, type Scheduler } from './preempted-host.js';
import { StateKey } from './state-key.js';
import { describeVerb } from './verbs.js';
import { SHIPPED, World } from './world.js';

/** The block that both jobs want. */
const BLOCK = 1;
const JOBS = {
  offline: (evacuator: Evacuator): Job<unknown> => evacuator.offline({ blocks: [BLOCK] }),
  'high-order': (evacuator: Evacuator): Job<unknown> => evacuator.highOrder({ order: 9, count: 1 }),
} as const;
export type JobName = keyof typeof JOBS;

export interface ContestResult {
  readonly name: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly paths: number;
  readonly because: string | null;
  readonly trace: readonly string[];
}

/**
 * Two strategies at the same range: one is interrupted before any of its verbs, the other goes on by a pause. A state has
 * what each has asked and been told since it began, but not what a strategy has read for itself from the columns.
 */
export class Contest implements Scheduler {
  readonly name: string;
  readonly #world: World;
  readonly #key: StateKey;
  readonly #interrupted: Evacuator;
  readonly #whole: Evacuator;
  readonly #seen = new Set<number>();
  /** At each place where there is a choice: does the other one go on? */
  readonly #path: boolean[] = [];
  #at = 0;
  #told = 0;
  #verbs = 0;
  #transitions = 0;
  #deepest = 0;
  #paths = 0;
  #leaving = false;
  #second!: Participant;
  #trace: string[] = [];

  constructor(
    private readonly first: JobName,
    private readonly second: JobName,
  ) {
    this.name = `${first}-against-${second}`;
    const kinds = ['anon', 'file-dirty'].map((name) => KINDS.find((kind) => kind.name === name)!);
    this.#world = new World({ name: this.name, kinds, cpus: 2, budget: 0, rival: false, waits: true, blocks: 2 });
    this.#key = new StateKey(this.#world.machine);
    const evacuatorOver = (scheduler: Scheduler) =>
      createEvacuator({
        host: simModule(this.#world.machine, (m) => new PreemptedHost(m, scheduler)),
        plugins: SHIPPED,
      });
    this.#interrupted = evacuatorOver(this);
    this.#whole = evacuatorOver({ before: () => {}, after: (told) => this.#second.note(told) });
  }

  explore(): ContestResult {
    let because: string | null = null;
    do {
      because = this.#onePath();
    } while (because === null && this.#backtrack());
    const { name } = this;
    const figures = {
      states: this.#seen.size,
      transitions: this.#transitions,
      depth: this.#deepest,
      paths: this.#paths,
    };
    return { name, ...figures, because, trace: because === null ? [] : this.#trace };
  }

  #onePath(): string | null {
    this.#world.restore();
    this.#at = 0;
    this.#told = 0;
    this.#verbs = 0;
    this.#leaving = false;
    this.#trace = [];
    const first = new Participant(JOBS[this.first](this.#interrupted));
    this.#second = new Participant(JOBS[this.second](this.#whole));
    try {
      while (!first.isDone && !this.#leaving) first.goOn();
      if (this.#leaving) return null;
      while (!this.#second.isDone) this.#second.goOn();
      this.#paths++;
      return this.#problemAtRest();
    } catch (error) {
      return this.#leaving ? null : error instanceof Error ? error.message : String(error);
    }
  }

  #problemAtRest(): string | null {
    const { machine } = this.#world;
    for (let pfn = 0; pfn < machine.spec.nrPfns; pfn++)
      if (isIsolated(machine, pfn)) return `page ${pfn} stays isolated`;
    settle(this.#world, []);
    return checkAtRest(this.#world);
  }

  before(verb: number, a: number, b: number): void {
    while (!this.#leaving && this.#othersTurn()) {
      this.#trace.push(`CPU1 ${this.second} goes on`);
      this.#second.goOn();
    }
    if (this.#leaving) return;
    this.#trace.push(`CPU0 ${describeVerb(verb, a, b)}`);
    this.#transitions++;
    this.#deepest = Math.max(this.#deepest, ++this.#verbs);
    for (const word of [verb, a, b]) this.after(word);
  }

  after(result: number): void {
    this.#told = Math.imul(this.#told ^ result, 0x9e3779b1) ^ (this.#told >>> 13);
  }

  #othersTurn(): boolean {
    if (this.#second.isDone) return false;
    if (this.#at === this.#path.length) {
      this.#key.begin();
      this.#key.addMachine();
      this.#key.add(this.#told);
      this.#key.add(this.#verbs);
      this.#second.addTo(this.#key);
      if (this.#seen.has(this.#key.value)) {
        this.#leaving = true;
        return false;
      }
      this.#seen.add(this.#key.value);
      this.#path.push(false);
    }
    const turn = this.#path[this.#at++]!;
    if (turn) this.#transitions++;
    return turn;
  }

  #backtrack(): boolean {
    while (this.#path.at(-1) === true) this.#path.pop();
    if (this.#path.length === 0) return false;
    this.#path[this.#path.length - 1] = true;
    return true;
  }
}

/** A job, step by step. One that finds its range taken by another job ends with an error that says so, and no harm. */
class Participant {
  isDone = false;
  #pauses = 0;
  #told = 0;

  constructor(private readonly job: Job<unknown>) {}

  goOn(): void {
    this.#pauses++;
    try {
      this.isDone = this.job.next().done === true;
    } catch (error) {
      if (!(error instanceof VacateError) || error.kind !== 'range') throw error;
      this.isDone = true;
    }
  }

  note(told: number): void {
    this.#told = Math.imul(this.#told ^ told, 0x9e3779b1) ^ (this.#told >>> 13);
  }

  addTo(key: StateKey): void {
    key.add(this.isDone ? -1 : this.#pauses);
    key.add(this.#told);
  }
}

/** Each front end against each, itself too. */
export function contests(): Contest[] {
  const names = Object.keys(JOBS) as JobName[];
  return names.flatMap((first) => names.map((second) => new Contest(first, second)));
}
