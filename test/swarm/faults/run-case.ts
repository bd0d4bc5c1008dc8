import { Prng } from '../../../src/base/prng.js';
import { VacateError } from '../../../src/base/vacate-error.js';
import { TOTAL_MIGRATED, TOTAL_REFUSED } from '../../../src/events/page-events.js';
import type { MigrationReport } from '../../../src/migration/migration-report.js';
import type { Phase, Progress } from '../../../src/migration/migration-run.js';
import { smallestHoles } from '../../../src/migration/target-source.js';
import type { MigrateMode } from '../../../src/mm/migrate-mode.js';
import { NO_PAGE, type Pfn } from '../../../src/mm/units.js';
import { checkRefused, checkRest, heal, moveAgain, photograph } from './after.js';
import type { FaultWorld } from './fault-world.js';
import { type FaultKind, type Inflicted, type Moment, PHASES } from './kind.js';
import { KINDS } from './kinds.js';

/** One fault of a run: which, in which phase of which pass, and when in it. */
export interface Injection {
  readonly kind: string;
  readonly phase: Phase;
  readonly moment: Moment;
  /** Verbs of the phase that still go well, for `during`. */
  readonly verbs: number;
  /** How often the phase has come before. */
  readonly pass: number;
  /** What the fault draws its choices from. */
  readonly chance: number;
}

/** A run, as plain data: the same one does the same. */
export interface Schedule {
  /** Which of the world's frames are asked for, a bit each. */
  readonly frames: number;
  readonly mode: MigrateMode;
  readonly passes: number;
  readonly injections: readonly Injection[];
}

/** Told of every fault that struck. */
export type Note = (kind: string, phase: Phase) => void;

const byName = new Map(KINDS.map((kind) => [kind.name, kind]));
const kindOf = ({ kind }: Injection): FaultKind => byName.get(kind)!;

/** The error that a driver throws into a run. */
class DriverFellOver extends Error {}

/** One run under faults, from the machine as it was kept to everything that must hold afterwards; throws if it does not. */
export function runCase(world: FaultWorld, schedule: Schedule, note: Note): void {
  world.restore();
  const pfns = Uint32Array.from(world.frames.filter((_, i) => ((schedule.frames >>> (i % 31)) & 1) === 1));
  const before = photograph(world, pfns);
  const totals = world.events.totals.slice();
  const run = new Drive(world, schedule, pfns, note);
  const end = run.toTheEnd();
  checkEnd(run, end);
  if (run.isDropped || run.isHostGone) recover(world);
  checkRest(world);
  checkTotals(world, totals, before.asked, end.report, run);
  checkRefused(world, before);
  heal(world);
  // Walking the whole machine takes as long as the run, so that the second time is for some.
  moveAgain(world, pfns, schedule.frames % 4 === 0);
}

interface End {
  readonly report: MigrationReport | null;
  readonly error: unknown;
}

/** Drives one migration from pause to pause and inflicts what its schedule says. */
class Drive {
  readonly #steps: Generator<Progress, MigrationReport>;
  readonly #seen = new Map<Phase, number>();
  readonly #left: Injection[];
  readonly #targets = new Map<Pfn, Pfn>();
  #phase: Phase = 'isolate';
  #verbs = 0;
  isDropped = false;
  isHostGone = false;
  isOther = false;
  /** Kinds that struck and end a run. */
  readonly endings: FaultKind[] = [];

  constructor(
    private readonly world: FaultWorld,
    private readonly schedule: Schedule,
    pfns: Uint32Array,
    private readonly note: Note,
  ) {
    this.#left = [...schedule.injections];
    const holes = smallestHoles(world.host);
    const targets = {
      get: (order: number, source: Pfn): Pfn => {
        const pfn = world.targetsFail?.(order) === true ? NO_PAGE : holes.get(order, source);
        if (pfn !== NO_PAGE) this.#targets.set(source, pfn);
        return pfn;
      },
      put: (pfn: Pfn, order: number): void => {
        for (const [source, target] of this.#targets) if (target === pfn) this.#targets.delete(source);
        holes.put(pfn, order);
      },
    };
    this.#steps = world.service.steps({ pfns, mode: schedule.mode, passes: schedule.passes, targets });
  }

  toTheEnd(): End {
    const { host } = this.world;
    host.hook = (verb) => this.#beforeVerb(verb);
    try {
      for (const injection of this.#due('putback', 'after'))
        if (kindOf(injection).listens === true) this.#strike(injection);
      this.#enter('isolate');
      for (let pauses = 0; ; pauses++) {
        // Isolate and put back, and eleven phases a pass, the pause before the next included.
        if (pauses > 2 + 11 * this.schedule.passes) throw new Error('the run does not end');
        const step = this.#steps.next();
        if (step.done === true) return { report: step.value, error: null };
        if (!this.#pauseAfter(step.value.phase)) return { report: null, error: null };
      }
    } catch (error) {
      return { report: null, error };
    } finally {
      if (!this.isHostGone) host.hook = null;
    }
  }

  /** Before the phase begins: its faults are counted as struck then. */
  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#verbs = 0;
    for (const injection of this.#due(phase, 'before')) this.#strike(injection);
    for (const injection of this.#due(phase, 'during')) {
      if (kindOf(injection).sabotages === true) this.#strike(injection);
    }
  }

  /** False if the driver ends the run here. */
  #pauseAfter(phase: Phase): boolean {
    const { plot, host } = this.world;
    this.#become(phase);
    host.hook = null;
    let goesOn = true;
    for (const moment of ['during', 'after'] as const)
      for (const injection of this.#due(phase, moment)) {
        if (kindOf(injection).onlyDuring === true || kindOf(injection).sabotages === true) continue;
        if (goesOn) goesOn = this.#end(this.#strike(injection));
      }
    this.#settlePlot(phase);
    this.#seen.set(phase, (this.#seen.get(phase) ?? 0) + 1);
    if (!goesOn) return false;
    host.hook = (verb) => this.#beforeVerb(verb);
    const next = phase === 'relax' ? 'target' : phase === 'finish' ? 'putback' : PHASES[PHASES.indexOf(phase) + 1];
    plot.isOn = false;
    if (next !== undefined) this.#enter(next);
    return true;
  }

  /** A phase that was taken for another: only its verbs tell relax from putback. */
  #become(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#verbs = 0;
  }

  #beforeVerb(verb: string): void {
    if (verb === 'relax') this.#become('relax');
    this.#verbs++;
    for (const injection of this.#due(this.#phase, 'during')) {
      if (injection.verbs >= this.#verbs || kindOf(injection).sabotages === true) continue;
      const { host } = this.world;
      host.hook = null;
      try {
        this.#strike(injection);
      } finally {
        host.hook ??= (each) => this.#beforeVerb(each);
      }
    }
  }

  #due(phase: Phase, moment: Moment): Injection[] {
    const pass = this.#seen.get(phase) ?? 0;
    return this.#left.filter((each) => each.phase === phase && each.moment === moment && each.pass === pass);
  }

  #strike(injection: Injection): Inflicted {
    const kind = kindOf(injection);
    if (kind.sabotages !== true) this.#left.splice(this.#left.indexOf(injection), 1);
    const { world } = this;
    const scene = { world, chance: new Prng(injection.chance), phase: injection.phase, inHand: this.#inHand() };
    if (kind.sabotages === true) {
      world.plot.isOn = true;
      return kind.inflict(scene);
    }
    let result: Inflicted = 'done';
    try {
      result = kind.inflict(scene);
    } catch (error) {
      if (kind.ends !== 'host') throw error;
      this.#struck(kind, injection.phase);
      this.isHostGone = world.host.hook !== null;
      throw error;
    }
    if (result !== 'nothing') this.#struck(kind, injection.phase);
    return result;
  }

  #struck(kind: FaultKind, phase: Phase): void {
    this.note(kind.name, phase);
    if (kind.name === 'another-migrator') this.isOther = true;
    if (kind.ends !== undefined && kind.ends !== 'goes on') this.endings.push(kind);
  }

  /** A handler's sabotage counts when it has happened. */
  #settlePlot(phase: Phase): void {
    const { plot } = this.world;
    if (plot.caught !== null) this.#struckPlot(phase);
    plot.sabotage = null;
    plot.isOn = false;
  }

  #struckPlot(phase: Phase): void {
    const injection = this.#left.find((each) => kindOf(each).sabotages === true)!;
    this.#left.splice(this.#left.indexOf(injection), 1);
    this.#struck(kindOf(injection), phase);
    this.world.plot.caught = null;
  }

  /** After an error: a handler that was caught had struck. */
  get caughtInTheAct(): string | null {
    const { caught } = this.world.plot;
    if (caught !== null) this.#struckPlot(this.#phase);
    return caught;
  }

  #inHand() {
    return { sources: [...this.#targets.keys()], targets: [...this.#targets.values()] };
  }

  #end(result: Inflicted): boolean {
    if (result === 'return') this.#steps.return(undefined as never);
    else if (result === 'throw') {
      const error = new DriverFellOver();
      try {
        this.#steps.throw(error);
      } catch (thrown) {
        if (thrown !== error) throw thrown;
      }
    } else if (result === 'drop') this.isDropped = true;
    else return true;
    return false;
  }
}

function checkEnd(run: Drive, { error }: End): void {
  const plugin = run.caughtInTheAct;
  const [ending] = run.endings;
  if (error === null) {
    if (ending !== undefined && ending.ends !== 'driver') throw new Error(`${ending.name} did not end the run`);
    return;
  }
  if (!VacateError.is(error) || ending === undefined) throw error;
  if (error.kind !== ending.ends) throw error;
  if (ending.ends === 'plugin' && plugin !== null && !error.message.includes(plugin))
    throw new Error(`the error does not name ${plugin}: ${error.message}`);
}

function recover(world: FaultWorld): void {
  world.host.hook = null;
  world.service.recover();
}

/** Every page that was asked for has one end: it moved, was freed, or was refused. */
function checkTotals(
  world: FaultWorld,
  before: Uint32Array,
  asked: number,
  report: MigrationReport | null,
  run: Drive,
): void {
  if (run.isOther) return;
  const { totals } = world.events;
  const migrated = totals[TOTAL_MIGRATED]! - before[TOTAL_MIGRATED]!;
  const refused = totals[TOTAL_REFUSED]! - before[TOTAL_REFUSED]!;
  if (migrated + refused > asked) throw new Error(`${migrated} migrated and ${refused} refused are more than ${asked}`);
  if (report === null) return;
  const told = report.refused.reduce((sum, { pages }) => sum + pages, 0);
  if (report.migrated + report.freed + told !== report.asked || report.asked > asked)
    throw new Error(`of ${report.asked}, ${report.migrated} migrated, ${report.freed} freed, ${told} refused`);
}
