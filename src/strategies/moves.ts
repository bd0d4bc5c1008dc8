import type { MigrationReport } from '../migration/migration-report.js';
import type { Moves } from './strategy.js';

/**
 * The moves of several reports, one after the other; those of a single one are its own.
 *
 * @example
 * const report = runToEnd(evacuate(evacuator.service, [rangeOf(8192, 512)], 9));
 * const { sources }: Moves = joinMoves([report, report]);
 * sources.length === 2 * report.sources.length; // true
 */
export function joinMoves(reports: readonly MigrationReport[]): Moves {
  const [only] = reports;
  if (only !== undefined && reports.length === 1) return { sources: only.sources, targets: only.targets };
  if (reports.length === 1) return { sources: reports[0]!.sources, targets: reports[0]!.targets };
  const total = reports.reduce((sum, report) => sum + report.migrated, 0);
  const moves = { sources: new Uint32Array(total), targets: new Uint32Array(total) };
  let at = 0;
  for (const report of reports) {
    moves.sources.set(report.sources, at);
    moves.targets.set(report.targets, at);
    at += report.migrated;
  }
  return moves;
}
