import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { FaultWorld } from './fault-world.js';
import { matrixText } from './matrix.js';
import { runCase, type Schedule } from './run-case.js';
import { allCells, anySchedule, type Cell, Draw } from './schedules.js';

/*
 * Faults, each kind in each phase of a migration: whatever fails, nothing is lost, nothing stays locked, isolated or
 * half moved, and afterwards everything moves.
 */

/** So often each kind strikes in each phase at least; more with VACATE_FAULTS. */
const SHARE = Number(process.env.VACATE_FAULTS ?? 1000);
const SEED = Number(process.env.VACATE_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Runs per fault that is asked for, before it is said that a fault does not come about. */
const PATIENCE = 3;

interface Failure {
  readonly schedule: Schedule;
  readonly error: unknown;
}

/** Runs until every cell has its share, or one run fails. */
function fill(world: FaultWorld, cells: readonly Cell[]): { runs: number; failure: Failure | null } {
  const byName = new Map(cells.map((cell) => [`${cell.kind.name}@${cell.phase}`, cell]));
  const draw = new Draw(new Prng(SEED), cells, SHARE);
  for (let runs = 0; runs < cells.length * SHARE * PATIENCE; runs++) {
    const schedule = draw.next();
    if (schedule === null) return { runs, failure: null };
    try {
      runCase(world, schedule, (kind, phase) => {
        const cell = byName.get(`${kind}@${phase}`);
        if (cell === undefined) throw new Error(`${kind} struck in ${phase}, where it is said that it cannot`);
        cell.count++;
      });
    } catch (error) {
      return { runs, failure: { schedule, error } };
    }
  }
  return { runs: cells.length * SHARE * PATIENCE, failure: null };
}

/** The smallest run found that still fails, and why. */
function smallest({ schedule, error }: Failure): string {
  const property = fc.property(anySchedule, (each) => runCase(new FaultWorld(), each, () => {}));
  const { counterexample, errorInstance } = fc.check(property, { examples: [[schedule]], numRuns: 1, seed: SEED });
  const [found, why] = counterexample === null ? [schedule, error] : [counterexample[0], errorInstance];
  return `${JSON.stringify(found)}\n${why instanceof Error ? why.stack : String(why)}`;
}

describe(`faults (VACATE_SEED=${SEED} repeats it)`, () => {
  const cells = allCells();

  it(`each kind strikes ${SHARE} times in each phase, and nothing is lost`, () => {
    const { runs, failure } = fill(new FaultWorld(), cells);
    const struck = cells.reduce((sum, { count }) => sum + count, 0);
    process.stderr.write(`faults: seed ${SEED}, ${runs} runs, ${struck} faults\n${matrixText(cells)}`);
    if (failure !== null) throw new Error(`a run under faults fails:\n${smallest(failure)}`);
    expect(cells.filter(({ count }) => count < SHARE).map(({ kind, phase }) => `${kind.name} in ${phase}`)).toEqual([]);
  }, 900_000);
});
