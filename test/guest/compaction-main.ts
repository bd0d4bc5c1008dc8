import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VacateError } from 'vacate';
import { EXIT_USAGE, exitCodeOfError } from '../../src/cli/exit-codes.js';
import { createPalette, wantsColour } from '../../src/cli/palette.js';
import { wrap } from '../../src/cli/wording.js';
import { CAVEAT, type Case, caseText, rowsOf, summaryOf, summaryText } from './compaction-report.js';
import { COMPACTION_JOBS, type CompactionJob, readCompactionSet } from './compaction-set.js';
import type { KernelSeries } from './kernel.js';
import { recordCompaction } from './kernel-compaction.js';
import { compactOurselves, possibleBlocks } from './our-compaction.js';
import { WORKLOAD_NAMES } from './workloads.js';

/*
 * The kernel's compaction beside ours: boots a guest, fills and fragments its memory, takes a capture, has the kernel make
 * free blocks of order 9, and then makes as many from the same capture by our own strategies. Prints pages moved a block,
 * and the fewest that anybody needs.
 */

const USAGE = `Usage: npm run guest:compaction -- [options]

The guest's compaction beside ours, from the same capture: pages moved for each
free block of order 9, and the lower bound.

  --kernel 6.1|6.12|both  (both)
  --workload NAMES        what fills memory, names between commas (skew)
  --seed NUMBERS          between commas (1)
  --job huge|compact      nr_hugepages raised, or one write to compact_memory (huge)
  --blocks N              blocks to be had by huge; half of those that can be had
  --keep DIR              keep captures and figures, a folder each, in a new folder
  --capture DIR           ours alone, from a folder that is kept; more than once for more
  --json                  one line of JSON
  --help

Workloads: ${wrap(WORKLOAD_NAMES.join(', '), 66, '           ')}
Exit codes: 0 done, 1 the guest failed, 2 usage, 130 interrupted.

Examples:
  npm run guest:compaction -- --kernel 6.1 --seed 1,2,3
  npm run guest:compaction -- --job compact --workload skew,runs --keep kept
  npm run guest:compaction -- --capture test/fixtures/captures/skew-huge`;

const OPTIONS = {
  kernel: { type: 'string', default: 'both' },
  workload: { type: 'string', default: 'skew' },
  seed: { type: 'string', default: '1' },
  job: { type: 'string', default: 'huge' },
  blocks: { type: 'string' },
  keep: { type: 'string' },
  capture: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

interface Wanted {
  readonly kernels: readonly KernelSeries[];
  readonly workloads: readonly string[];
  readonly seeds: readonly number[];
  readonly job: CompactionJob;
  /** Null for half of what can be had. */
  readonly blocks: number | null;
  readonly keep: string | null;
  readonly captures: readonly string[];
  readonly json: boolean;
}

/** @throws {VacateError} of that kind. */
function usage(sentence: string): never {
  throw new VacateError('usage', sentence);
}

/** Null if only help is wanted. */
function parse(argv: readonly string[]): Wanted | null {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return null;
  const { kernel, job, blocks } = values;
  if (kernel !== 'both' && kernel !== '6.1' && kernel !== '6.12') usage('--kernel is 6.1, 6.12 or both');
  const knownJob = COMPACTION_JOBS.find((each) => each === job);
  if (knownJob === undefined) return usage(`--job is ${COMPACTION_JOBS.join(' or ')}`);
  const workloads = values.workload.split(',');
  const unknown = workloads.find((name) => !WORKLOAD_NAMES.includes(name));
  if (unknown !== undefined) usage(`there is no workload "${unknown}"; see --help`);
  const seeds = values.seed.split(',').map((word) => wholeNumber('--seed', word));
  if (values.keep !== undefined && existsSync(values.keep))
    usage(`${values.keep} is there already; name a folder that is not`);
  return {
    kernels: kernel === 'both' ? ['6.1', '6.12'] : [kernel],
    workloads,
    seeds,
    job: knownJob,
    blocks: blocks === undefined ? null : Math.max(1, wholeNumber('--blocks', blocks)),
    keep: values.keep ?? null,
    captures: values.capture ?? [],
    json: values.json,
  };
}

function wholeNumber(option: string, word: string): number {
  if (!/^\d{1,9}$/.test(word)) usage(`${option} wants whole numbers, not "${word}"`);
  return Number(word);
}

/** Folders of sets: those that are named, or those that guests make now. */
async function* foldersOf(wanted: Wanted): AsyncGenerator<string> {
  if (wanted.captures.length > 0) {
    yield* wanted.captures;
    return;
  }
  const into = wanted.keep ?? mkdtempSync(join(tmpdir(), 'vacate-compaction-'));
  const sweep = () => wanted.keep === null && rmSync(into, { recursive: true, force: true });
  process.on('exit', sweep);
  for (const series of wanted.kernels)
    for (const workload of wanted.workloads)
      for (const seed of wanted.seeds) {
        const name = `${workload}-${wanted.job}-${series}-${seed}`;
        const folder = join(into, name);
        await recordCompaction(folder, {
          ...{ series, workload, seed, job: wanted.job },
          blocks: (capture) => wanted.blocks ?? Math.max(1, possibleBlocks(capture) >> 1),
          onStep: (what) => process.stderr.isTTY && console.error(`${name}: ${what}`),
        });
        yield folder;
      }
}

async function main(wanted: Wanted): Promise<void> {
  const palette = createPalette(wantsColour(process.stdout, [], process.env));
  const cases: Case[] = [];
  for await (const folder of foldersOf(wanted)) {
    const set = readCompactionSet(folder);
    const each: Case = { set, ours: compactOurselves(set) };
    cases.push(each);
    if (!wanted.json) console.log(`${caseText(each, palette)}\n`);
  }
  if (wanted.json) console.log(JSON.stringify({ cases: cases.map(jsonOf), summary: summaryOf(cases), caveat: CAVEAT }));
  else console.log(`${summaryText(cases, palette)}\n\n${palette.dim(wrap(CAVEAT, 80))}`);
}

function jsonOf(each: Case) {
  const { set, ours } = each;
  const { release, job, filledBy, kernel } = set;
  return { release, job, filledBy, kernel, ...ours, rows: rowsOf(each) };
}

/** Runs it to its end; the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  try {
    const wanted = parse(argv);
    if (wanted === null) console.log(USAGE);
    else await main(wanted);
    return 0;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    console.error(message);
    return code?.startsWith('ERR_PARSE_ARGS') === true ? EXIT_USAGE : exitCodeOfError(error);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(128 + constants.signals[signal])); // which leaves no guest behind
process.exitCode = await run(process.argv.slice(2));
