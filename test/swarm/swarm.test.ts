import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { Prng } from '../../src/base/prng.js';
import { VacateError } from '../../src/base/vacate-error.js';
import { blockRange } from '../../src/mm/memory-block.js';
import type { MigrateMode } from '../../src/mm/migrate-mode.js';
import { contains } from '../../src/mm/pfn-range.js';
import type { Machine } from '../../src/sim/machine.js';
import { SimHost } from '../../src/sim/sim-host.js';
import type { HighOrderResult, OfflineResult } from '../../src/strategies/strategy.js';
import { apply, OPERATIONS, type Operation } from './operations.js';
import { World } from './world.js';

/** At least so many machines a run; more with VACATE_SWARM_CASES. A failing run is repeated with VACATE_SEED. */
const CASES = Number(process.env.VACATE_SWARM_CASES ?? 2000);
const SEED = Number(process.env.VACATE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A request to the evacuator; others run between its phases. */
interface Request {
  readonly what: 'offline' | 'high-order' | 'reclaim' | 'migrate';
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** How busy the others are, in percent of the pauses. */
  readonly busy: number;
  /** Stop at this pause, -1 for never. */
  readonly stopAt: number;
}

/** On machines as small as these, a job that pauses more often goes round in circles. */
const MOST_PAUSES = 50_000;

type Step = Operation | Request;

interface Case {
  readonly shape: ConstructorParameters<typeof World>[0];
  readonly steps: readonly Step[];
  readonly between: readonly Operation[];
}

const number = fc.nat(0xffff_ffff >>> 1);
const names = Object.keys(OPERATIONS) as Operation['what'][];
/** What machines mostly do is write, read and map. */
const WEIGHTS: Partial<Record<Operation['what'], number>> = {
  writeMany: 8,
  readMany: 4,
  write: 4,
  mapAnonymous: 4,
  mapFile: 3,
  process: 2,
  fork: 2,
  writeFile: 3,
  exit: 1,
  truncate: 1,
};
const operation: fc.Arbitrary<Operation> = fc.record({
  what: fc.oneof(...names.map((name) => ({ weight: WEIGHTS[name] ?? 1, arbitrary: fc.constant(name) }))),
  a: number,
  b: number,
  c: number,
});
const request: fc.Arbitrary<Request> = fc.record({
  what: fc.constantFrom('offline' as const, 'high-order' as const, 'migrate' as const),
  a: number,
  b: number,
  c: number,
  busy: fc.constantFrom(0, 20, 60),
  stopAt: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(40) }),
});
const START: readonly Operation[] = (
  ['process', 'mapAnonymous', 'file', 'mapFile', 'writeMany', 'writeMany'] as const
).map((what, i) => ({
  what,
  a: i,
  b: 0x55_5555 + i * 977,
  c: i * 31 + 1,
}));
const scenario: fc.Arbitrary<Case> = fc.record({
  shape: fc.record({
    seed: number,
    blocks: fc.integer({ min: 2, max: 4 }),
    nodes: fc.integer({ min: 1, max: 2 }),
    bytes: fc.boolean(),
    swapPages: fc.constantFrom(0, 16, 256),
    cpus: fc.integer({ min: 1, max: 3 }),
  }),
  steps: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: operation as fc.Arbitrary<Step> },
      { weight: 1, arbitrary: request as fc.Arbitrary<Step> },
    ),
    {
      minLength: 4,
      maxLength: 36,
      size: 'max',
    },
  ),
  between: fc.array(operation, { maxLength: 24, size: 'max' }),
});

function isRequest(step: Step): step is Request {
  return 'busy' in step;
}

/** What all cases together did, by handler and refusal: proof that the rare paths were walked. */
const reached = new Map<string, number>();

function run({ shape, steps, between }: Case, host?: (m: Machine) => SimHost): void {
  const world = new World(shape, host);
  world.evacuator.pages$.subscribe((batch) => noteReached(world, batch));
  for (const step of START) apply(world, step);
  for (const step of steps) {
    if (isRequest(step)) carryOut(world, step, between);
    else apply(world, step);
    const faults = world.faults();
    if (faults.length > 0) throw new Error(`after ${JSON.stringify(step)}:\n${faults.join('\n')}`);
  }
}

/**
 * The same in a turn of the event loop of its own. A container is referred to weakly by its parts, and what a WeakRef was
 * made for stays until the turn ends: in a single one, two thousand machines would, and take 33 GB of address space.
 */
async function runInTurn(each: Case, host?: (m: Machine) => SimHost): Promise<void> {
  run(each, host);
  await setImmediate();
}

/** Drives a job from pause to pause; in some of them others run, and one may be its last. */
function carryOut(world: World, step: Request, between: readonly Operation[]): void {
  const prng = new Prng(step.a ^ step.c);
  try {
    const job = jobFor(world, step);
    for (let pause = 0; ; pause++) {
      if (pause > MOST_PAUSES) throw new Error(`${JSON.stringify(step)} does not end`);
      const { done, value } = job.next();
      if (done === true) {
        checkMoves(value, world.machine);
        return;
      }
      if (pause === step.stopAt) {
        job.return(undefined);
        return;
      }
      if (between.length > 0 && prng.below(100) < step.busy) apply(world, between[prng.below(between.length)]!);
      const handedOut = world.checkIsolation();
      if (handedOut !== null) throw new Error(handedOut);
    }
  } catch (error) {
    // A range that makes no sense on this machine is answered before anything happens.
    if (!VacateError.is(error) || error.kind === 'limit') throw error;
  }
}

function jobFor(world: World, { what, a, b, c }: Request): Generator<unknown, unknown> {
  const { evacuator, machine } = world;
  const nrBlocks = machine.blockState.length;
  if (what === 'offline') {
    // Never the last block that is online, so that there is a machine left.
    const online = [...machine.blockState.keys()].filter((block) => machine.blockState[block] === 1);
    const first = online[a % online.length] ?? 0;
    const blocks = b % 3 === 0 ? [first, (first + 1) % nrBlocks] : [first];
    return evacuator.offline({ blocks }, anyOf(evacuator.strategies.offline, c));
  }
  if (what === 'high-order')
    return evacuator.highOrder({ order: a % 12, count: 1 + (b % 12) }, anyOf(evacuator.strategies.highOrder, c));
  if (what === 'reclaim') return evacuator.reclaim({ order: a % 5 }, anyOf(evacuator.strategies.reclaim, c));
  const pfns = Uint32Array.from({ length: 1 + (a % 700) }, (_, i) => (b % machine.spec.nrPfns) + i).filter(
    (pfn) => pfn < machine.spec.nrPfns,
  );
  return evacuator.service.steps({ pfns, mode: (c % 3) as MigrateMode, sparedOrder: c % 11 });
}

/** Whatever a strategy moves, it moves once. */
/** Half of the jobs are the default's, the others anybody's. */
function anyOf(strategies: readonly string[], chance: number): string {
  return (chance % 2 === 0 ? strategies[0] : strategies[(chance >>> 1) % strategies.length]) as string;
}

/** Strategies that isolate all that they empty before anything moves. */
const ISOLATING = ['merged', 'cheapest-range', 'isolate-first'];

/** Nothing moves into what is being emptied: not into a range that was made, nor into a block that was to go. */
function checkMoves(result: unknown, { spec }: Machine): void {
  const { strategy = '' } = result as { strategy?: string };
  if (!ISOLATING.includes(strategy)) return;
  const { moved, ranges = [], blocks = [] } = result as Partial<HighOrderResult & OfflineResult>;
  const emptied = [...ranges, ...blocks.map(({ block }) => blockRange(block, spec.blockPages))];
  for (const target of moved?.targets ?? [])
    if (emptied.some((range) => contains(range, target)))
      throw new Error(`a page moved to ${target}, which was being emptied`);
}

function noteReached({ evacuator }: World, { words }: { words: Uint32Array }): void {
  const { names, refusals } = evacuator.service.handlers;
  for (let at = 2; at < words.length; at += 3) {
    const outcome = words[at]!;
    const name = `${names[outcome >>> 8]}: ${refusals[outcome >>> 8]?.[outcome & 0xff]?.id ?? 'migrated'}`;
    reached.set(name, (reached.get(name) ?? 0) + 1);
  }
}

/** The planted bug: unmapping without a shootdown, so that a CPU may go on writing to the old page. */
class NoShootdownHost extends SimHost {
  override shootdown(): void {}
}

describe(`swarm (VACATE_SEED=${SEED} repeats it)`, () => {
  it(`${CASES} machines lose nothing, whatever runs between the phases`, async () => {
    process.stderr.write(`swarm: seed ${SEED}, ${CASES} cases\n`);
    await fc.assert(
      fc.asyncProperty(scenario, (each) => runInTurn(each)),
      {
        numRuns: CASES,
        seed: SEED,
        endOnFailure: process.env.VACATE_SWARM_SHRINK === '0',
        interruptAfterTimeLimit: 900_000,
        markInterruptAsFailure: true,
      },
    );
  }, 1_000_000);

  it('walked the rare paths too', () => {
    process.stderr.write(
      `${[...reached]
        .sort()
        .map(([name, pages]) => `  ${name} ${pages}`)
        .join('\n')}\n`,
    );
    const wanted = ['anonymous', 'swap-backed', 'file-backed', 'movable-ops'].map((handler) => `${handler}: migrated`);
    wanted.push('nonlinear: nonlinear-mapping', 'file-backed: truncated');
    wanted.push(
      ...['locked', 'writeback', 'pinned', 'not-on-lru', 'unmovable', 'no-target', 'interrupted'].map(
        (id) => `core: ${id}`,
      ),
    );
    expect(wanted.filter((name) => !reached.has(name))).toEqual([]);
  });

  it('finds the canary: a migration without a shootdown', async () => {
    const result = await fc.check(
      fc.asyncProperty(scenario, (each) => runInTurn(each, (machine) => new NoShootdownHost(machine))),
      { numRuns: CASES, seed: SEED, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(/last written|cache reads/);
  }, 1_000_000);
});
