import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import type { Phase } from '../../../src/migration/migration-run.js';
import type { MigrateMode } from '../../../src/mm/migrate-mode.js';
import { type FaultKind, PHASES } from './kind.js';
import { KINDS } from './kinds.js';
import type { Injection, Schedule } from './run-case.js';

/** A kind in a phase, and how often it has struck there. */
export interface Cell {
  readonly kind: FaultKind;
  readonly phase: Phase;
  count: number;
}

/** Every combination that there is. */
export function allCells(): Cell[] {
  return KINDS.flatMap((kind) =>
    PHASES.filter((phase) => kind.never?.phases.includes(phase) !== true).map((phase) => ({ kind, phase, count: 0 })),
  );
}

/** Phases in which the host is called once, or hardly more often. */
const FEW_VERBS: readonly Phase[] = ['shootdown', 'copy', 'relax', 'putback'];

/** Of these, a run has one. */
const isOnlyOne = ({ kind: { ends = 'goes on', sabotages } }: Cell): boolean =>
  ends !== 'goes on' || sabotages === true;

/** Draws runs until every cell has its share: one fault that ends a run, and whatever is wanting besides before it. */
export class Draw {
  readonly #wanting: { ending: Cell[]; others: Cell[] };

  constructor(
    private readonly prng: Prng,
    cells: readonly Cell[],
    private readonly share: number,
  ) {
    this.#wanting = { ending: cells.filter(isOnlyOne), others: cells.filter((cell) => !isOnlyOne(cell)) };
  }

  /** Null once nothing is wanting. */
  next(): Schedule | null {
    const { prng } = this;
    const ending = this.#oneOf('ending');
    const injections: Injection[] = ending === null ? [] : this.#injectionsOf(ending);
    const last = ending === null ? PHASES.length : PHASES.indexOf(ending.phase);
    for (let i = 0; i < (ending === null ? 8 : 4); i++) {
      const other = this.#oneOf('others', last);
      if (other !== null) injections.push(...this.#injectionsOf(other));
    }
    if (injections.length === 0) return null;
    const mode = prng.below(3) as MigrateMode;
    return { frames: this.#frames(injections), mode, passes: 2 + prng.below(4), injections };
  }

  /** Most of the pages, or few: what is in hand is locked, and its owners wait. */
  #frames(injections: readonly Injection[]): number {
    const [a, b] = [this.prng.below(2 ** 31), this.prng.below(2 ** 31)];
    const isLate = injections.some(({ phase }) => phase === 'relax' || phase === 'putback');
    return isLate || this.prng.below(2) === 0 ? a | b : a & b;
  }

  /** A cell that is wanting, any up to a phase; those that have their share are dropped on the way. */
  #oneOf(which: 'ending' | 'others', last: number = PHASES.length): Cell | null {
    const cells = this.#wanting[which];
    for (let tries = 0; tries < 4 && cells.length > 0; ) {
      const at = this.prng.below(cells.length);
      const cell = cells[at]!;
      if (cell.count >= this.share) {
        cells[at] = cells.at(-1)!;
        cells.pop();
      } else if (PHASES.indexOf(cell.phase) <= last) return cell;
      else tries++;
    }
    return null;
  }

  /** The fault itself, and what it takes for its phase to have something to do. */
  #injectionsOf({ kind, phase }: Cell): Injection[] {
    const { prng } = this;
    const moment =
      kind.onlyDuring === true || kind.sabotages === true
        ? 'during'
        : kind.onlyAfter === true
          ? 'after'
          : this.#moment();
    const again = phase === 'target' && kind.name.startsWith('claims-');
    const verbs = prng.below(FEW_VERBS.includes(phase) ? 1 : 6);
    const injection = { kind: kind.name, phase, moment, verbs, pass: again ? 1 : 0, chance: prng.below(2 ** 31) };
    const obstacle = (name: string, at: Phase): Injection => {
      return { kind: name, phase: at, moment: 'before', verbs: 0, pass: 0, chance: prng.below(2 ** 31) };
    };
    // A target waits without its lock only beside a source whose lock somebody has.
    if (kind.name === 'target-lock-taken' && phase !== 'target')
      return [obstacle('page-lock-held-for-ever', 'lock'), injection];
    // Somebody must stand in the way, or there is no second pass, and nothing to put back.
    if (phase === 'relax' || phase === 'putback' || again)
      return [obstacle(prng.below(2) === 0 ? 'page-pinned-for-a-while' : 'page-pinned-for-ever', 'isolate'), injection];
    return [injection];
  }

  #moment(): Injection['moment'] {
    return (['before', 'during', 'after'] as const)[this.prng.below(3)]!;
  }
}

const number = fc.nat(0x7fff_ffff);

/** Any run at all, for the shrinker: the smallest run that still fails is the one to read. */
export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  frames: fc.integer(),
  mode: fc.constantFrom(0 as const, 1 as const, 2 as const),
  passes: fc.integer({ min: 1, max: 10 }),
  injections: fc.array(
    fc.record({
      kind: fc.constantFrom(...KINDS.map(({ name }) => name)),
      phase: fc.constantFrom(...PHASES),
      moment: fc.constantFrom('before' as const, 'during' as const, 'after' as const),
      verbs: fc.nat(10),
      pass: fc.nat(3),
      chance: number,
    }),
  ),
});
