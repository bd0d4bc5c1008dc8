import type { MigrationReport } from '../../src/migration/migration-report.js';
import { MigrationRun, type Progress } from '../../src/migration/migration-run.js';
import { MIGRATE_SYNC } from '../../src/mm/migrate-mode.js';
import { tlbLookup } from '../../src/sim/tlb.js';
import { checkAtRest, checkReport, settle } from './checks.js';
import { SLEEPS, type Step, type StepResult, stepsOf } from './operations.js';
import { LOADING, STORING } from './oracle.js';
import { PreemptedHost, type Scheduler } from './preempted-host.js';
import { StateKey } from './state-key.js';
import { COPY, describeVerb, FREEZE, NONE, PAUSE, SHOOTDOWN } from './verbs.js';
import { World, type WorldSpec } from './world.js';

/** At a point the migrator goes on. */
const GO_ON = -1;
/** More verbs than any run needs. */
const ENDLESS = 20_000;
/** Three passes in async mode, and one that waits. */
const PASSES = 4;

/** Before verb number `at`, the others take step `step`. */
export interface Choice {
  readonly at: number;
  readonly step: number;
}

export interface FoundViolation {
  readonly because: string;
  readonly choices: readonly Choice[];
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly paths: number;
  readonly violations: readonly FoundViolation[];
}

export interface ExploreOptions {
  readonly reduction?: boolean;
  /** End at the first violation. */
  readonly first?: boolean;
  /** Most violations to collect. */
  readonly most?: number;
}

/** A point of the path in hand: what is still to be tried there. */
interface Node {
  /** Verbs before it. */
  readonly at: number;
  /** Steps not yet taken, the next one last; GO_ON is at the bottom. */
  readonly todo: number[];
  chosen: number;
}

/** Takes every path of one world, each by running the migration again from the beginning. */
export class Explorer implements Scheduler {
  readonly world: World;
  readonly steps: readonly Step[];
  readonly #host: PreemptedHost;
  readonly #table: ConstructorParameters<typeof MigrationRun>[1];
  readonly #key: StateKey;
  readonly #seen = new Set<number>();
  readonly #ends = new Set<number>();
  readonly #path: Node[] = [];
  readonly #violations: FoundViolation[] = [];
  #run!: MigrationRun;
  #depth = 0;
  #verbs = 0;
  #pauses = 0;
  #trace = 0;
  #leaving = false;
  #found: string | null = null;
  #script: Choice[] | null = null;
  #tell: ((cpu: number, what: string) => void) | null = null;
  #states = 0;
  #transitions = 0;
  #deepest = 0;
  #paths = 0;

  constructor(spec: WorldSpec) {
    this.world = new World(spec);
    this.steps = stepsOf(this.world);
    this.#host = new PreemptedHost(this.world.machine, this);
    this.#table = this.world.table(this.#host);
    this.#key = new StateKey(this.world.machine);
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

  explore({ first = false, most = 8 }: ExploreOptions = {}): Exploration {
    do {
      const because = this.#onePath();
      if (because !== null) this.#violations.push({ because, choices: this.#choices() });
    } while (this.#violations.length < (first ? 1 : most) && this.#backtrack());
    return {
      states: this.#states,
      transitions: this.#transitions,
      depth: this.#deepest,
      paths: this.#paths,
      violations: this.#violations,
    };
  }

  /** Runs the migration once, along the path in hand and beyond. Null, or the violation. */
  #onePath(): string | null {
    this.world.restore();
    this.#depth = 0;
    this.#verbs = 0;
    this.#pauses = 0;
    this.#trace = 0;
    this.#leaving = false;
    this.#found = null;
    this.#run = new MigrationRun(this.#host, this.#table, this.world.events, {
      pfns: this.world.pfns,
      mode: MIGRATE_SYNC,
      passes: PASSES,
    });
    try {
      const report = this.#migrate();
      if (report === null) return this.#found;
      this.#paths++;
      return checkReport(this.world, report) ?? this.#checkEnd();
    } catch (error) {
      if (this.#leaving) return this.#found;
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#deepest = Math.max(this.#deepest, this.#verbs);
    }
  }

  /** Null if the run was left: it is dropped at the end of a phase, and the machine is put back anyway. */
  #migrate(): MigrationReport | null {
    const steps: Generator<Progress, MigrationReport> = this.#run.steps();
    for (;;) {
      this.before(PAUSE, this.#pauses, NONE);
      if (this.#leaving) return null;
      const { done, value } = steps.next();
      this.#pauses++;
      this.#trace = 0;
      if (done !== true) continue;
      this.before(PAUSE, this.#pauses, NONE);
      return this.#leaving ? null : value;
    }
  }

  #checkEnd(): string | null {
    this.#key.begin();
    this.#key.addMachine();
    this.#key.addWords(this.world.oracle.words);
    if (this.#script === null && this.#ends.has(this.#key.value)) return null;
    if (this.#script === null) this.#ends.add(this.#key.value);
    const stray = this.#key.strayWord(this.world.base);
    if (stray >= 0) throw new Error(`word ${stray} of the machine changes and is not hashed`);
    settle(this.world, this.steps);
    return checkAtRest(this.world);
  }

  before(verb: number, a: number, b: number): void {
    if (this.#leaving) return;
    if (this.#verbs > ENDLESS) throw new Error('the migration does not end');
    while (this.#choose() !== GO_ON) if (this.#leaving) return;
    if (this.#leaving) return;
    if (verb === SHOOTDOWN) this.#acknowledge();
    this.#tell?.(0, describeVerb(verb, a, b));
    this.#verbs++;
    this.#transitions += this.#depth === this.#path.length ? 1 : 0;
    this.#note(verb);
    this.#note(a);
    if (b !== NONE || verb === FREEZE || verb === COPY) this.#note(b);
  }

  after(result: number): void {
    this.#note(result);
  }

  #note(word: number): void {
    this.#trace = Math.imul(this.#trace ^ word, 0x9e3779b1) ^ (this.#trace >>> 15);
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
    const node = this.#depth < this.#path.length ? this.#path[this.#depth]! : this.#newNode();
    if (node === null) return GO_ON;
    this.#depth++;
    if (node.chosen !== GO_ON) this.#perform(node.chosen);
    return node.chosen;
  }

  #follow(script: Choice[]): number {
    const next = script[0];
    if (next === undefined || next.at > this.#verbs) return GO_ON;
    script.shift();
    const step = this.steps[next.step];
    if (next.at < this.#verbs || step === undefined || !this.#enabled().includes(next.step)) return next.step;
    this.#perform(next.step);
    return next.step;
  }

  /** Null if there is nothing to choose: the others have had their share. */
  #newNode(): Node | null {
    const todo = this.#enabled();
    if (this.#isSeen()) {
      this.#leaving = true;
      return null;
    }
    if (todo.length === 0) return null;
    todo.push(GO_ON);
    todo.reverse();
    const node: Node = { at: this.#verbs, todo, chosen: todo.pop()! };
    this.#path.push(node);
    return node;
  }

  #isSeen(): boolean {
    const key = this.#key;
    key.begin();
    key.addMachine();
    key.addWords(this.world.oracle.words);
    key.addBatch(this.#run.batch);
    key.add(this.#pauses);
    key.add(this.#trace);
    if (this.#seen.has(key.value)) return true;
    this.#seen.add(key.value);
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
    if (step.cpu !== 0) return oracle.doing(step.cpu) === 0 ? step.cpu : 0;
    for (let cpu = 1; cpu < spec.cpus; cpu++) if (oracle.doing(cpu) === 0) return cpu;
    return 0;
  }

  #perform(id: number): void {
    const step = this.steps[id]!;
    const { oracle } = this.world;
    const fresh = this.#depth === this.#path.length;
    if (fresh) this.#transitions++;
    if (step.begins) oracle.budget--;
    oracle.touch(step.page < 0 ? 0xff : 1 << step.page);
    this.#tell?.(this.#cpuFor(step), step.name);
    const result = this.#attempt(step);
    if (result === SLEEPS || this.#hasInterruptedAccess()) this.#leaving = true;
  }

  /** Whatever is thrown here is found, however the migration words it. */
  #attempt(step: Step): StepResult {
    try {
      return step.perform(this.#cpuFor(step));
    } catch (error) {
      this.#found = error instanceof Error ? error.message : String(error);
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
