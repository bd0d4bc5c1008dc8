import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Mutant, mutantNamed, mutants } from './mutants.js';
import { findOut, homeOf, type Search, shareOf, type Verdict, worldsUpTo } from './mutants-find.js';
import { knownPaths, readmeOf } from './mutants-report.js';

const USAGE = `Switches the guards of the migration protocol off, one by one, and lets the explorer find out.

  node dist/test/interleave/mutants-main.js [options]

  --list              names of the mutants, and what their guards are for
  --mutant NAME       this one alone; may be given more than once
  --search            look in all worlds of --pages pages with --budget operations, not only where it is known to be found
  --pages N           (1)
  --budget N          (2)
  --world NAME        look in this one
  --known             any violation will do, and the path that README.md shows must still lead to what it says there
  --write             all of that, and test/interleave/README.md anew
  --json              a line of JSON each

It ends with 0 if each mutant is found out, and no harmless one is; with 1 if not.`;

/** Processes at a time. */
const PARTS = 2;
const MAIN = fileURLToPath(import.meta.url);
const README = fileURLToPath(new URL('../../../test/interleave/README.md', import.meta.url));

const { values } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    mutant: { type: 'string', multiple: true, default: [] },
    search: { type: 'boolean', default: false },
    pages: { type: 'string', default: '1' },
    budget: { type: 'string', default: '2' },
    world: { type: 'string' },
    known: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    part: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const known = values.known ? knownPaths(readFileSync(README, 'utf8')) : new Map();

async function main(): Promise<number> {
  if (values.help) return print(USAGE);
  if (values.list) return print(mutants.map(({ name, guard }) => `${name.padEnd(44)} ${guard}`).join('\n'));
  for (const name of values.mutant) mutantNamed(name);
  if (values.part !== undefined) return explorePart(Number(values.part));
  const verdicts = await inParts();
  if (values.write) writeFileSync(README, readmeOf(verdicts));
  const wrong = verdicts.filter((verdict) => problemWith(verdict) !== null);
  if (!values.json) print(`${verdicts.length} mutants, ${wrong.length} not as they should be`);
  return wrong.length === 0 ? 0 : 1;
}

/** One process's share, a line of JSON each. */
async function explorePart(part: number): Promise<number> {
  register('./mutate-hooks.js', import.meta.url, { data: { entry: null } });
  for (const mutant of shareOf(part, PARTS, values.mutant))
    print(JSON.stringify(await findOut(mutant, searchFor(mutant))));
  return 0;
}

function searchFor(mutant: Mutant): Search {
  if (values.world !== undefined) return homeOf({ ...mutant, world: `${values.world}/${values.budget}` });
  const home = homeOf(mutant);
  if (values.search || (values.write && mutant.harmless !== undefined)) {
    const others = worldsUpTo(Number(values.pages)).filter(({ name }) => name !== home.worlds[0]!.name);
    return { worlds: [...home.worlds, ...others], budgetMin: 0, budgetMax: Number(values.budget) };
  }
  return values.known ? { ...home, known: known.get(mutant.name)?.path ?? null } : home;
}

/** All verdicts, in the order of the mutants. */
async function inParts(): Promise<Verdict[]> {
  const byName = new Map<string, Verdict>();
  const heard = (verdict: Verdict) => {
    byName.set(verdict.mutant, verdict);
    print(values.json ? JSON.stringify(verdict) : lineOf(verdict));
  };
  await Promise.all(Array.from({ length: PARTS }, (_, part) => runPart(part, heard)));
  return mutants.flatMap(({ name }) => byName.get(name) ?? []);
}

async function runPart(part: number, heard: (verdict: Verdict) => void): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...process.argv.slice(2), '--part', String(part)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  for await (const line of createInterface(child.stdout)) heard(JSON.parse(line) as Verdict);
  const exitCode = await ended;
  if (exitCode !== 0) throw new Error(`a process that explores mutants ended with ${exitCode}; what it said is above`);
}

function lineOf(verdict: Verdict): string {
  const { mutant, failed, found, states } = verdict;
  const what = found === null ? (failed ?? 'not found out') : `${found.world}: ${found.because}`;
  return `${(problemWith(verdict) ?? 'as it should be').padEnd(16)} ${mutant.padEnd(44)} ${String(states).padStart(8)}  ${what}`;
}

/** Null if a mutant came out as it should. */
function problemWith({ mutant, failed, found, known: again }: Verdict): string | null {
  if (failed !== null) return 'FAILS';
  if (values.known && found !== null && again !== known.get(mutant)?.because) return 'README IS OLD';
  if ((mutantNamed(mutant).harmless === undefined) !== (found !== null))
    return found === null ? 'SURVIVES' : 'FOUND OUT';
  return null;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

process.exitCode = await main();
