import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CaptureFiles, readCapture } from '../../src/capture/index.js';
import { createEvacuator } from '../../src/container/create-evacuator.js';
import { loadShippedPlugins } from '../../src/container/load-plugins.js';
import { type BlockForecast, forecast, kernelSaid } from '../../src/forecast/index.js';
import { machineFromImage } from '../../src/sim/from-image.js';
import { simModule } from '../../src/sim/sim-module.js';

/*
 * What the forecast says of a block, held against what the kernel then did with it:
 *   node dist/test/bench/forecast-accuracy.js [--all] FOLDER...
 * A folder has an offline.tsv and the captures that it names, as test/fixtures/captures/README.md describes them, or
 * folders that do. Prints every miss and every block that was left open (--all: every block), and the sums.
 */

interface Attempt {
  readonly block: number;
  readonly zones: string;
  readonly result: string;
  readonly capture: string;
}

const folders = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const showAll = process.argv.includes('--all');
const plugins = await loadShippedPlugins();
const sums = { right: 0, wrong: 0, undecided: 0 };

for (const folder of folders.flatMap(setsIn)) {
  const own = { right: 0, wrong: 0, undecided: 0 };
  for (const attempt of attemptsOf(folder)) {
    const found = forecastOf(join(folder, attempt.capture), attempt.block);
    const grade = gradeOf(found, attempt.result);
    own[grade]++;
    if (grade !== 'right' || showAll) console.log(lineOf(basename(folder), attempt, found, grade));
  }
  console.log(`${basename(folder)}: ${own.right} right, ${own.wrong} wrong, ${own.undecided} undecided`);
  if (basename(folder).includes('pinned')) continue;
  sums.right += own.right;
  sums.wrong += own.wrong;
  sums.undecided += own.undecided;
}
const decided = sums.right + sums.wrong;
const all = decided + sums.undecided;
console.log(
  `without the pinned ones: ${sums.right} of ${decided} decided are right (${percent(sums.right, decided)}), ` +
    `${decided} of ${all} are decided (${percent(decided, all)})`,
);

function setsIn(folder: string): string[] {
  if (existsSync(join(folder, 'offline.tsv'))) return [folder];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'offline.tsv')));
}

/** block, zones, result, seconds, migrated, failed, capture. */
function attemptsOf(folder: string): Attempt[] {
  const lines = readFileSync(join(folder, 'offline.tsv'), 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => {
    const [name = '', zones = '', result = '', , , , capture = ''] = line.split('\t');
    return { block: Number(name.replace('memory', '')), zones, result, capture: capture || `before-${name}` };
  });
}

function forecastOf(directory: string, block: number): BlockForecast {
  const files = new CaptureFiles(directory);
  const image = readCapture(files);
  const { service, dispose } = createEvacuator({ host: simModule(machineFromImage(image)), plugins });
  const { blocks } = forecast(service, { blocks: [block], said: kernelSaid(image, files) });
  dispose();
  return blocks[0]!;
}

function gradeOf({ verdict }: BlockForecast, result: string): keyof typeof sums {
  if (verdict === 'cannot-know') return 'undecided';
  return (verdict === 'will-go') === (result === 'offline') ? 'right' : 'wrong';
}

function lineOf(set: string, { block, zones, result }: Attempt, found: BlockForecast, grade: string): string {
  const why = found.reasons.map(({ reason, pages, decides }) => `${pages} ${reason}${decides === null ? '' : '!'}`);
  return `  ${grade.toUpperCase()} ${set} memory${block} (${zones}): ${found.verdict}, was ${result}; ${why.join(', ')}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}
