import 'reflect-metadata';
import { basename } from 'node:path';
import { loadShippedPlugins } from '../../src/container/load-plugins.js';
import type { BlockForecast } from '../../src/forecast/index.js';
import { type Attempt, attemptFoldersIn, attemptsIn, forecastBlock, type Grade, gradeOf } from './offline-attempts.js';

/**
 * What the forecast says of a block, held against what the kernel then did with it, in folders as
 * test/fixtures/captures/README.md describes them (or in folders of such folders). Prints every miss and every block that
 * was left open, with --all every block, and the sums. Exits with 1 if fewer than 99 % of the decided are right or fewer
 * than 90 % are decided, the `pinned` ones apart: what holds their pages, no capture shows.
 *
 * `npm run build && node dist/test/bench/forecast-accuracy.js [--all] FOLDER...`
 */
const RIGHT_LEAST = 0.99;
const DECIDED_LEAST = 0.9;

const folders = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const showAll = process.argv.includes('--all');
const plugins = await loadShippedPlugins();
const sums: Record<Grade, number> = { right: 0, wrong: 0, undecided: 0 };

for (const folder of folders.flatMap(attemptFoldersIn)) {
  const own: Record<Grade, number> = { right: 0, wrong: 0, undecided: 0 };
  for (const attempt of attemptsIn(folder)) {
    const found = forecastBlock(attempt.capture, attempt.block, plugins);
    const grade = gradeOf(found, attempt);
    own[grade]++;
    if (grade !== 'right' || showAll) console.log(lineOf(attempt, found, grade));
  }
  console.log(`${basename(folder)}: ${own.right} right, ${own.wrong} wrong, ${own.undecided} undecided`);
  if (basename(folder).includes('pinned')) continue;
  for (const grade of ['right', 'wrong', 'undecided'] as const) sums[grade] += own[grade];
}

const decided = sums.right + sums.wrong;
const all = decided + sums.undecided;
console.log(
  `without the pinned ones: ${sums.right} of ${decided} decided are right (${percent(sums.right, decided)}), ` +
    `${decided} of ${all} are decided (${percent(decided, all)})`,
);
process.exitCode = sums.right < RIGHT_LEAST * decided || decided < DECIDED_LEAST * all ? 1 : 0;

function lineOf({ block, zones, result }: Attempt, { verdict, reasons }: BlockForecast, grade: Grade): string {
  const why = reasons.map(({ reason, pages, decides }) => `${pages} ${reason}${decides === null ? '' : '!'}`);
  return `  ${grade.toUpperCase()} memory${block} (${zones}): ${verdict}, was ${result}; ${why.join(', ')}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}
