import { type ColumnViews, layColumns, u32 } from '../base/columns.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';

/** Pages whose moves are remembered, of each migrator. */
const MOVES_KEPT = 1 << 16;

/** The last moves of every migrator, in shared memory, for whoever finds a wrong word. */
const moveColumns = (nrMigrators: number) => ({
  source: u32(nrMigrators * MOVES_KEPT),
  target: u32(nrMigrators * MOVES_KEPT),
  job: u32(nrMigrators * MOVES_KEPT),
  /** Moves so far; wraps around. */
  nr: u32(nrMigrators),
});

export interface RecentMoves extends ColumnViews<ReturnType<typeof moveColumns>> {
  readonly buffer: ArrayBufferLike;
}

export function createRecentMoves(nrMigrators: number): RecentMoves {
  const { buffer, views } = layColumns(moveColumns(nrMigrators), 'shared');
  return { ...views, buffer };
}

export function attachRecentMoves(nrMigrators: number, buffer: SharedArrayBuffer): RecentMoves {
  return { ...layColumns(moveColumns(nrMigrators), buffer).views, buffer };
}

/** Remembers what a batch of page events says; `words` are source, target and outcome of each page. */
export function rememberMoves(moves: RecentMoves, migrator: number, job: number, words: Uint32Array): void {
  const first = migrator * MOVES_KEPT;
  let nr = moves.nr[migrator]!;
  for (let i = 0; i < words.length; i += 3) {
    if (words[i + 1] === NO_PAGE) continue;
    const at = first + (nr & (MOVES_KEPT - 1));
    moves.source[at] = words[i]!;
    moves.target[at] = words[i + 1]!;
    moves.job[at] = job;
    nr = (nr + 1) >>> 0;
  }
  moves.nr[migrator] = nr;
}

export interface Move {
  readonly migrator: number;
  readonly job: number;
  readonly source: Pfn;
  readonly target: Pfn;
}

/** The last moves to or from a frame that are remembered, newest first of each migrator; `most` in all. */
export function movesOf(moves: RecentMoves, frame: Pfn, most: number): Move[] {
  const found: Move[] = [];
  for (let migrator = 0; migrator < moves.nr.length; migrator++) {
    const nr = moves.nr[migrator]!;
    for (let back = 1; back <= Math.min(nr, MOVES_KEPT) && found.length < most; back++) {
      const at = migrator * MOVES_KEPT + ((nr - back) & (MOVES_KEPT - 1));
      const source = moves.source[at]!;
      const target = moves.target[at]!;
      if (source === frame || target === frame) found.push({ migrator, job: moves.job[at]!, source, target });
    }
  }
  return found;
}
