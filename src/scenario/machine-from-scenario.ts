import { expectArgument, isCallback, isObject, isWhole } from '../base/arguments.js';
import { Prng } from '../base/prng.js';
import { VacateError } from '../base/vacate-error.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { sweepLru } from '../sim/lru.js';
import { createMachine, type Machine } from '../sim/machine.js';
import { onlineBlock } from '../sim/memory-blocks.js';
import { drainLruAdd } from '../sim/page-allocator.js';
import { populate } from '../sim/populate.js';
import { capacityFor } from './capacity.js';
import { Contents } from './contents.js';
import { SLICE_PAGES } from './demand.js';
import { type Layout, layoutOf, type Place } from './layout.js';
import { onlyOn, reserveRun } from './place.js';
import { populationOf } from './population.js';
import type { Scenario } from './schema.js';
import { placeNameOf, type Workload, type WorkloadOf } from './workload-schema.js';
import type { Load, Site } from './workloads/load.js';
import { isFilling, isTrouble, pagesOf, startWorkload } from './workloads/start.js';
import { makeTrouble } from './workloads/trouble.js';

/**
 * What replaces what the scenario says.
 *
 * @example
 * const options: ScenarioOptions = { seed: 7, shared: true };
 * const shared = machineFromScenario(scenario, options);
 */
export interface ScenarioOptions {
  /** In place of the scenario's own. */
  readonly seed?: number;
  /** Told now and then how much of the machine is filled, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** True if threads will share the machine once it is built (src/smp). */
  readonly shared?: boolean;
}

/**
 * The machine that a scenario describes, filled. It is built in the order in which a real one fills: boot takes its
 * pages; workloads with a place of their own fill it; the others run side by side, a few pages each in turn; everybody
 * frees what is not kept; last come pins, locks and writebacks, whose time runs from then on. Pages get where they are,
 * and into the state they are in, by the machine's own operations.
 *
 * @throws VacateError kind 'scenario' if a workload finds no memory after all, or no pages to pin or lock.
 * @example
 * const same = machineFromScenario(scenario, { seed: 7 });
 * validateMachine(same); // []
 */
export function machineFromScenario(scenario: Scenario, options: ScenarioOptions = {}): Machine {
  checkArguments(scenario, options);
  const steps = buildMachine(scenario, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    options.onProgress?.(step.value);
  }
}

/** The largest that `Prng` tells apart. */
const SEED_MAX = 2 ** 32 - 1;

/** A scenario is whole if `parseScenario` gave it; whatever else somebody passes lacks one of these. */
function checkArguments(scenario: unknown, options: unknown): void {
  const isParsed =
    isObject(scenario) &&
    typeof scenario.blockSize === 'number' &&
    ['nodes', 'workloads', 'jobs', 'activities'].every((key) => Array.isArray(scenario[key]));
  expectArgument(isParsed, 'the scenario', scenario, 'what parseScenario gives');
  expectArgument(isObject(options), 'options', options, '{ seed, onProgress }, or nothing');
  const { seed, onProgress } = options;
  expectArgument(
    seed === undefined || isWhole(seed, 0, SEED_MAX),
    'seed',
    seed,
    `a whole number from 0 to ${SEED_MAX}`,
  );
  expectArgument(isCallback(onProgress), 'onProgress', onProgress, 'a function, or leave it out');
}

/** The same in steps, for whoever must not keep others waiting: each says how much is filled, from 0 to 1. */
export function* buildMachine(
  scenario: Scenario,
  options: Omit<ScenarioOptions, 'onProgress'> = {},
): Generator<number, Machine> {
  const layout = layoutOf(scenario);
  const machine = createMachine({
    name: scenario.name,
    nrPfns: layout.nrPfns,
    nrCpus: layout.nrCpus,
    blockPages: layout.blockPages,
    zones: layout.zones,
    blocks: layout.blocks,
    dimms: layout.dimms,
    nrSwapSlots: scenario.swap,
    contents: layout.contents,
    capacity: capacityFor(scenario, layout),
    ...(options.shared === true ? { shared: true } : {}),
    ...(scenario.compactUnevictableAllowed === undefined
      ? {}
      : { compactUnevictableAllowed: scenario.compactUnevictableAllowed }),
  });
  for (const { block } of [...layout.blocks].reverse()) onlineBlock(machine, block);
  yield* new Build(scenario, layout, machine, options.seed ?? scenario.seed).steps();
  sweepLru(machine);
  return machine;
}

/** Reports of progress, at most. */
const REPORTS = 100;

class Build {
  readonly #prng: Prng;
  readonly #contents: Contents;
  readonly #loads: Load[] = [];
  /** Pages that all workloads fill together, and have filled so far. */
  readonly #total: number;
  #filled = 0;
  #reported = 0;
  #rounds = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly layout: Layout,
    private readonly machine: Machine,
    seed: number,
  ) {
    this.#prng = new Prng(seed);
    this.#contents = new Contents(seed, machine.contentWords);
    const { workloads } = scenario;
    const scattered = workloads.reduce((sum, each) => sum + (each.kind === 'scattered' ? each.size : 0), 0);
    this.#total = workloads.filter(isFilling).reduce((sum, workload) => sum + pagesOf(workload), scattered);
  }

  *steps(): Generator<number, void> {
    const { workloads } = this.scenario;
    for (const [at, workload] of workloads.entries()) if (workload.kind === 'reserved') this.#reserve(workload, at);
    for (const [at, workload] of workloads.entries())
      if (workload.kind === 'scattered') yield* this.#scatter(workload, at);
    for (const place of this.layout.places.values())
      if (workloads.some((workload) => isFilling(workload) && workload.on === place.name))
        yield* onlyOn(this.machine, place, this.#fill(place));
    yield* this.#fill(null);
    for (const load of this.#loads) load.release();
    if (workloads.some(isTrouble)) drainLruAdd(this.machine);
    for (const [at, workload] of workloads.entries())
      if (isTrouble(workload)) makeTrouble(this.#siteOf(workload, at), workload, this.#rangeOf(workload));
    yield 1;
  }

  /** The kernel is loaded at low addresses; what has a place of its own lies anywhere on it. */
  #reserve(workload: Extract<Workload, { kind: 'reserved' }>, at: number): void {
    const { machine, scenario } = this;
    const site = this.#siteOf(workload, at);
    const done =
      workload.on === undefined
        ? reserveRun(machine, { start: 0, end: scenario.nodes[0]?.boot ?? 0 }, workload.pages, null)
        : reserveRun(machine, this.#rangeOf(workload), workload.pages, site.prng);
    if (!done) site.fail(`wants ${workload.pages} free pages in one run, and there is no such run; make it smaller`);
  }

  *#scatter(workload: WorkloadOf<'scattered'>, at: number): Generator<number, void> {
    const { machine } = this;
    const population = populationOf(workload, machine.spec.nrPfns, this.#prng.split(at).seed);
    const before = this.#filled;
    for (const fraction of populate(machine, population)) {
      this.#filled = before + fraction * workload.size;
      yield this.#filled / this.#total;
    }
    this.#reported = this.#filled;
  }

  /** Runs the workloads of a place side by side, or (null) all that have none, each in proportion to what it has left. */
  *#fill(place: Place | null): Generator<number, void> {
    // Workloads draw from streams of their own, numbered from 0 up.
    const prng = this.#prng.split(-1 - this.#rounds++);
    const loads: Load[] = [];
    for (const [at, workload] of this.scenario.workloads.entries())
      if (isFilling(workload) && workload.on === place?.name)
        loads.push(startWorkload(this.#siteOf(workload, at), workload));
    this.#loads.push(...loads);
    for (;;) {
      const left = loads.reduce((sum, load) => sum + load.left, 0);
      if (left === 0) return;
      let chosen = prng.below(left);
      const load = loads.find((candidate) => (chosen -= candidate.left) < 0) as Load;
      const before = load.left;
      load.fill(1 + prng.below(SLICE_PAGES));
      this.#filled += before - load.left;
      if (this.#filled - this.#reported < this.#total / REPORTS) continue;
      this.#reported = this.#filled;
      yield this.#filled / this.#total;
    }
  }

  #siteOf(workload: Workload, at: number): Site {
    const { machine } = this;
    const name = placeNameOf(workload);
    const place = name === undefined ? undefined : this.layout.places.get(name);
    const cpus = Array.from({ length: machine.spec.nrCpus }, (_, cpu) => cpu);
    return {
      machine,
      cpus: place === undefined ? cpus : cpus.filter((cpu) => cpu % machine.nrNodes === place.node),
      prng: this.#prng.split(at),
      contents: this.#contents,
      fail: (because) => {
        throw new VacateError('scenario', `${machine.spec.name}: workloads[${at}] (${workload.kind}) ${because}`);
      },
    };
  }

  #rangeOf(workload: Workload): PfnRange {
    const on = placeNameOf(workload);
    return (on === undefined ? undefined : this.layout.places.get(on)?.range) ?? { start: 0, end: this.layout.nrPfns };
  }
}
