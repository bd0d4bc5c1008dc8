import type { MigrationReport } from '../../src/migration/migration-report.js';
import { MigrationRun, type Progress } from '../../src/migration/migration-run.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC } from '../../src/mm/migrate-mode.js';
import { tlbLookup } from '../../src/sim/tlb.js';
import { checkAtRest, checkReport, settle } from './checks.js';
import type { Choice, Exploration, ExploreOptions, FoundViolation } from './exploration.js';
import {
  ALL,
  areIndependent,
  type Footprint,
  footprintOf,
  footprintOfVerb,
  groupsOfUnits,
  looksAfter,
  looksAt,
} from './independence.js';
import { GO_ON, type Node, toTry } from './node.js';
import { stepsOf } from './operations.js';
import { IDLE, LOADING, STORING } from './oracle.js';
import { PreemptedHost, type Scheduler } from './preempted-host.js';
import { Rival } from './rival.js';
import { SeenStates } from './seen-states.js';
import { StateKey } from './state-key.js';
import { SLEEPS, type Step, type StepResult } from './step.js';
import { describeVerb, NONE, PAUSE, SHOOTDOWN, takesTwoPfns } from './verbs.js';
import { World, type WorldSpec } from './world.js';

export type * from './exploration.js';

/** More verbs than any run needs. */
const ENDLESS = 20_000;
/** Three passes in async mode, and one that waits; or two that do not. */
const PASSES_SYNC = 4;
const PASSES_ASYNC = 2;

/** Takes every path of one world, each by running the migration again from the beginning. */
export class Explorer implements Scheduler {
  readonly world: World;
  readonly steps: readonly Step[];
  readonly #host: PreemptedHost;
  readonly #key: StateKey;
  readonly #rival: Rival | null;
  readonly #seen = new SeenStates();
  readonly #ends = new Set<number>();
  readonly #path: Node[] = [];
  readonly #violations: FoundViolation[] = [];
  #reduction = true;
  #run!: MigrationRun;
  #script: Choice[] | null = null;
  #tell: ((cpu: number, what: string) => void) | null = null;
  /** Nodes passed, verbs begun and pauses made on this path, and what the verbs of this phase got. */
  #depth = 0;
  #verbs = 0;
  #next: readonly number[] = [];
  #pauses = 0;
  #trace = 0;
  /** This path leads nowhere new; the run is dropped at its next pause. */
  #leaving = false;
  #found: string | null = null;
  /** The others have had their share: the migration goes on alone. */
  #alone = false;
  /** The footprint of what led to the next point, and what was asleep where it began; the unit that the migrator is at. */
  #last: Footprint = ALL;
  #asleep: readonly number[] = [];
  #unit = 0;
  #looks = true;
  #states = 0;
  #transitions = 0;
  #deepest = 0;
  #paths = 0;

  constructor(spec: WorldSpec) {
    this.world = new World(spec);
    this.#rival = spec.rival ? new Rival(this.world) : null;
    const steps = stepsOf(this.world);
    this.steps = this.#rival === null ? steps : [...steps, this.#rival.step(steps.length)];
    this.#host = new PreemptedHost(this.world.machine, this);
    this.#key = new StateKey(this.world.machine);
  }

  explore({ reduction = true, most = 8 }: ExploreOptions = {}): Exploration {
    this.#reduction = reduction;
    do {
      const because = this.#onePath();
      if (because !== null) this.#violations.push({ because, choices: this.#choices() });
    } while (this.#violations.length < most && this.#backtrack());
    return {
      states: this.#states,
      transitions: this.#transitions,
      depth: this.#deepest,
      paths: this.#paths,
      ends: this.#ends.size,
      violations: this.#violations,
    };
  }

  /**
   * Takes one path alone, as it was found, and tells every step of it. Steps that cannot be taken at their place are left
   * out. Null if nothing is wrong with it.
   */
  replay(choices: readonly Choice[], tell: (cpu: number, what: string) => void): string | null {
    this.#script = [...choices];
    this.#tell = tell;
    const because = this.#onePath();
    this.#script = null;
    this.#tell = null;
    return because;
  }

  /** Runs the migration once, along the path in hand and beyond. Null, or the violation. */
  #onePath(): string | null {
    this.world.restore();
    this.#rival?.begin();
    this.#depth = 0;
    this.#verbs = 0;
    this.#pauses = 0;
    this.#trace = 0;
    this.#leaving = false;
    this.#found = null;
    this.#alone = false;
    this.#last = ALL;
    this.#asleep = [];
    this.#unit = 0;
    this.#looks = true;
    this.#run = new MigrationRun(this.#host, this.world.table(this.#host), this.world.events, {
      pfns: this.world.pfns,
      mode: this.world.spec.waits ? MIGRATE_SYNC : MIGRATE_ASYNC,
      passes: this.world.spec.waits ? PASSES_SYNC : PASSES_ASYNC,
    });
    try {
      const report = this.#migrate();
      if (report === null) return this.#found;
      this.#paths++;
      return checkReport(this.world, report) ?? this.#checkEnd();
    } catch (error) {
      if (this.#leaving) return this.#found;
      return messageOf(error);
    } finally {
      this.#deepest = Math.max(this.#deepest, this.#verbs);
    }
  }

  /** Null if the run was left: it is dropped at the end of a phase, and the machine is put back anyway. */
  #migrate(): MigrationReport | null {
    const steps: Generator<Progress, MigrationReport> = this.#run.steps();
    for (;;) {
      this.before(PAUSE, NONE, NONE);
      if (this.#leaving) return null;
      const { done, value } = steps.next();
      this.#pauses++;
      this.#trace = 0;
      if (done !== true) {
        this.#looks = looksAfter(value.phase);
        continue;
      }
      this.before(PAUSE, NONE, NONE);
      return this.#leaving ? null : value;
    }
  }

  #checkEnd(): string | null {
    this.#key.begin();
    this.#key.addMachine();
    this.#key.addWords(this.world.oracle.words);
    this.#rival?.addTo(this.#key);
    if (this.#script === null) {
      if (this.#ends.has(this.#key.value)) return null;
      this.#ends.add(this.#key.value);
      const stray = this.#key.strayWord(this.world.base);
      if (stray >= 0) throw new Error(`word ${stray} of the machine changes and is not hashed`);
    }
    settle(this.world, this.steps);
    return checkAtRest(this.world);
  }

  before(verb: number, a: number, b: number): void {
    if (this.#leaving) return;
    this.#next = [verb, a, b];
    if (!this.#reduction && verb !== PAUSE) this.#noteWhatItSaw();
    if (this.#verbs > ENDLESS) throw new Error('the migration does not end');
    const unit = this.#unitOf(a);
    if (this.#alone) {
      if (verb === PAUSE && this.#isKnown()) this.#leaving = true;
      this.#transitions++;
    } else this.#letOthersIn(verb, a, b, unit);
    if (this.#leaving) return;
    this.#unit = unit;
    if (verb === SHOOTDOWN) this.#acknowledge();
    this.#tell?.(0, describeVerb(verb, a, b));
    this.#verbs++;
    this.#note(verb);
    this.#note(a);
    if (!takesTwoPfns(verb)) this.#note(b);
  }

  /**
   * Where nothing is taken for granted, what the migrator has read of its pages since its last verb is part of where it
   * stands: it may have it in hand. The product never has, beyond the verb that follows.
   */
  #noteWhatItSaw(): void {
    const { nrUnits, source } = this.#run.batch;
    const { count, flags, mapcount } = this.world.machine;
    for (let unit = 0; unit < nrUnits; unit++) {
      const pfn = source[unit]!;
      this.#note(flags[pfn]!);
      this.#note((count[pfn]! << 16) | mapcount[pfn]!);
    }
  }

  after(result: number): void {
    this.#note(result);
  }

  #note(word: number): void {
    const mixed = Math.imul(this.#trace ^ word, 0x9e3779b1);
    this.#trace = mixed ^ (mixed >>> 15);
  }

  /** Position in the batch of the unit that a verb is about; beyond the last for none. */
  #unitOf(pfn: number): number {
    const { nrUnits, source, target } = this.#run.batch;
    for (let unit = 0; unit < nrUnits; unit++) if (source[unit] === pfn || target[unit] === pfn) return unit;
    return nrUnits;
  }

  /** A point: the others take steps until it is the migrator's turn. */
  #letOthersIn(verb: number, a: number, b: number, unit: number): void {
    if (this.#isFresh && this.#reduction && this.#looks) this.#last |= looksAt(this.#groupsUpTo(unit));
    while (!this.#leaving && this.#choose() !== GO_ON);
    if (this.#leaving || !this.#isFresh) return;
    this.#transitions++;
    if (!this.#reduction) return;
    // Before the first verb the migrator looks at its whole list.
    this.#last = this.#verbs === 0 ? ALL : footprintOfVerb(this.world, verb, a, b);
  }

  /** True beyond the part of the path that was taken before. */
  get #isFresh(): boolean {
    return this.#depth === this.#path.length;
  }

  /** Pages of the units that the migrator has looked at since its last verb, on its way to the next. */
  #groupsUpTo(unit: number): number {
    const { batch } = this.#run;
    const from = this.#unit >= batch.nrUnits || unit < this.#unit ? 0 : this.#unit;
    const to = unit < this.#unit ? batch.nrUnits : unit;
    return groupsOfUnits(this.world, batch, from, to);
  }

  /** A CPU acknowledges a shootdown between two accesses: what is under way comes first. */
  #acknowledge(): void {
    const { oracle } = this.world;
    for (let cpu = 1; cpu < this.world.spec.cpus; cpu++) {
      const doing = oracle.doing(cpu);
      if (doing !== LOADING && doing !== STORING) continue;
      this.#tell?.(cpu, this.steps[cpu - 1]!.name);
      this.#attempt(this.steps[cpu - 1]!);
    }
  }

  /** One choice at the point in hand: a step that was taken, or GO_ON. */
  #choose(): number {
    if (this.#script !== null) return this.#follow(this.#script);
    const node = this.#isFresh ? this.#newNode() : this.#path[this.#depth]!;
    if (node === null) return GO_ON;
    this.#depth++;
    if (node.chosen === GO_ON) {
      if (this.#isFresh) this.#asleep = node.asleep;
      return GO_ON;
    }
    this.#perform(node);
    return node.chosen;
  }

  #follow(script: Choice[]): number {
    const next = script[0];
    if (next === undefined || next.at > this.#verbs) return GO_ON;
    script.shift();
    const step = this.steps[next.step];
    if (step !== undefined && next.at === this.#verbs && this.#enabled().includes(next.step)) this.#take(step);
    return next.step;
  }

  /** Null if there is nothing to choose, now and for the rest of the path. */
  #newNode(): Node | null {
    this.#setKey();
    const asleep = this.#reduction ? this.#stillAsleep() : [];
    const before = this.#seen.get(this.#key.value);
    if (before === undefined) this.#states++;
    const enabled = this.#enabled();
    if (before === undefined && enabled.length === 0 && this.#isOver) {
      this.#seen.set(this.#key.value, []);
      this.#alone = true;
      return null;
    }
    const todo = toTry(enabled, asleep, before);
    this.#seen.set(this.#key.value, before === undefined ? asleep : asleep.filter((id) => before.includes(id)));
    if (todo.length === 0) {
      this.#leaving = true;
      return null;
    }
    const node: Node = { at: this.#verbs, todo, asleep: [...asleep], chosen: GO_ON };
    this.#lookAhead(node);
    const chosen = todo.pop();
    if (chosen === undefined) {
      this.#leaving = true;
      return null;
    }
    node.chosen = chosen;
    this.#path.push(node);
    return node;
  }

  /**
   * Tries every step of a new point on the spot, and drops those that lead to a state which has nothing new in it: that
   * saves a run each.
   */
  #lookAhead(node: Node): void {
    const { oracle } = this.world;
    const words = oracle.words.slice();
    const kept: number[] = [];
    const done = [...node.asleep];
    this.#key.save();
    for (const id of [...node.todo].reverse()) {
      const step = this.steps[id];
      if (step === undefined || !step.again) {
        kept.push(id);
        continue;
      }
      const last = footprintOf(this.world, step);
      this.#take(step);
      const isNew = this.#found !== null || (!this.#leaving && this.#hasNews(done, last));
      this.#leaving = false;
      this.#found = null;
      this.#key.putBack();
      oracle.words.set(words);
      if (isNew) kept.push(id);
      else {
        this.#transitions++;
        node.asleep.push(id);
      }
      done.push(id);
    }
    node.todo.splice(0, node.todo.length, ...kept.reverse());
  }

  /** Is there anything to try in this state that was not tried when it was seen before? */
  #hasNews(done: readonly number[], last: Footprint): boolean {
    this.#setKey();
    const before = this.#seen.get(this.#key.value);
    if (before === undefined) return true;
    if (before.length === 0) return false;
    const still = (id: number) =>
      this.#reduction && done.includes(id) && areIndependent(footprintOf(this.world, this.steps[id]!), last);
    return before.some((id) => !still(id));
  }

  /** True if nobody but the migrator will ever do anything again. */
  get #isOver(): boolean {
    const { oracle, spec } = this.world;
    if (oracle.budget !== 0 || this.#rival?.isDone === false) return false;
    for (let cpu = 1; cpu < spec.cpus; cpu++) if (oracle.doing(cpu) !== IDLE) return false;
    return true;
  }

  /** Steps that were asleep where the last one began, and have nothing to do with it. */
  #stillAsleep(): number[] {
    return this.#asleep.filter((id) => areIndependent(footprintOf(this.world, this.steps[id]!), this.#last));
  }

  #setKey(): void {
    const key = this.#key;
    key.begin();
    key.addMachine();
    key.addWords(this.world.oracle.words);
    key.addBatch(this.#run.batch);
    key.add(this.#pauses);
    key.add(this.#trace);
    // What it is about to do follows from what it has read since its last verb.
    for (const word of this.#next) key.add(word);
    this.#rival?.addTo(key);
  }

  #isKnown(): boolean {
    if (this.#script !== null) return false;
    this.#setKey();
    if (this.#seen.get(this.#key.value) !== undefined) return true;
    this.#seen.set(this.#key.value, []);
    this.#states++;
    return false;
  }

  #enabled(): number[] {
    const { budget } = this.world.oracle;
    const enabled: number[] = [];
    for (const step of this.steps) {
      if (step.begins && budget === 0) continue;
      const cpu = this.#cpuFor(step);
      if (cpu !== 0 && step.enabled(cpu)) enabled.push(step.id);
    }
    return enabled;
  }

  /** The CPU that takes the step: its own, or the first that is idle; 0 if none can. */
  #cpuFor(step: Step): number {
    const { oracle, spec } = this.world;
    if (!step.begins) return step.cpu;
    if (step.cpu !== 0) return oracle.doing(step.cpu) === IDLE ? step.cpu : 0;
    for (let cpu = 1; cpu < spec.cpus; cpu++) if (oracle.doing(cpu) === IDLE) return cpu;
    return 0;
  }

  #perform(node: Node): void {
    const step = this.steps[node.chosen]!;
    if (this.#isFresh) {
      this.#transitions++;
      if (this.#reduction) {
        this.#last = footprintOf(this.world, step);
        this.#asleep = [...node.asleep];
        node.asleep.push(step.id);
      }
    }
    this.#take(step);
  }

  #take(step: Step): void {
    const { oracle } = this.world;
    if (step.begins) oracle.budget--;
    if (!isIdle(step)) oracle.touch(step.page < 0 ? 0xff : 1 << step.page);
    this.#tell?.(this.#cpuFor(step), step.name);
    const result = this.#attempt(step);
    if (result === SLEEPS || this.#hasInterruptedAccess()) this.#leaving = true;
  }

  /** Whatever is thrown here is found, however the migration words it. */
  #attempt(step: Step): StepResult {
    try {
      return step.perform(this.#cpuFor(step));
    } catch (error) {
      this.#found = messageOf(error);
      this.#leaving = true;
      return SLEEPS;
    }
  }

  /** True if a translation has gone that a CPU is using: whoever flushed it would have had to wait. */
  #hasInterruptedAccess(): boolean {
    const { machine, oracle, spec } = this.world;
    for (let cpu = 1; cpu < spec.cpus; cpu++) {
      const doing = oracle.doing(cpu);
      if (doing !== LOADING && doing !== STORING) continue;
      if (tlbLookup(machine, cpu, oracle.mmOf(cpu), oracle.vpns[oracle.pageOf(cpu)]!) === 0) return true;
    }
    return false;
  }

  /** Goes back to the last point where something is left to try. False if there is none. */
  #backtrack(): boolean {
    const path = this.#path;
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const next = node.todo.pop();
      if (next !== undefined) {
        node.chosen = next;
        return true;
      }
      path.pop();
    }
    return false;
  }

  #choices(): Choice[] {
    return this.#path
      .slice(0, this.#depth)
      .filter(({ chosen }) => chosen !== GO_ON)
      .map(({ at, chosen }) => ({ at, step: chosen }));
  }
}

/** True if it leaves the page alone for the time being. */
function isIdle({ touches }: Step): boolean {
  return touches === 'lookup';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
