import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import 'reflect-metadata';
import { contests } from './contest.js';
import { exploreInParts, exploreWorld, type WorldResult } from './explore-worlds.js';
import { type Counterexample, counterexample, parseReplay, replayed } from './trace.js';
import type { WorldSpec } from './world.js';
import { LONG_SET, TEST_SET, type WorldOptions, worldNamed, worldsOf } from './worlds.js';

const USAGE = `Takes every interleaving of a migration with what other CPUs do, in small worlds.

  node dist/test/interleave/main.js [options]

  --pages N           pages of a world, 1 to 3 (2)
  --cpus N            the migrator's and the others', 2 or 3 (2)
  --budget N          operations that the others may begin (2)
  --rival             a second migrator has the same pages
  --world NAME        this one alone, such as anon+shmem or rival-anon
  --contests          two strategies that want the same memory block, instead
  --set test|long     all that npm test explores, or all that npm run interleave does
  --list              names of the worlds
  --first-violation   end at the first; fewer operations are tried first, so that it is a shortest one
  --replay TRACE      one path again, step by step
  --no-reduction      every order, also of steps that have nothing to do with each other
  --jobs N            processes at a time (1)
  --json              one line of JSON
  --write-totals      with --set test: what its test expects, written anew (totals.ts)

It ends with 0 if nothing is wrong, 1 if something is, 2 if it is called wrongly.`;

const TOTALS = fileURLToPath(new URL('../../../test/interleave/totals.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '2' },
    cpus: { type: 'string', default: '2' },
    budget: { type: 'string', default: '2' },
    rival: { type: 'boolean', default: false },
    world: { type: 'string' },
    contests: { type: 'boolean', default: false },
    set: { type: 'string' },
    list: { type: 'boolean', default: false },
    'first-violation': { type: 'boolean', default: false },
    replay: { type: 'string' },
    'no-reduction': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    'write-totals': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) return print(USAGE);
  if (values.replay !== undefined) return replay(values.replay);
  if (values.contests) return contest();
  const specs = worlds();
  if (specs.length === 0) return complain('there is no such world; --list names them');
  if (values.list) return print(specs.map(({ name }) => name).join('\n'));
  const options = { reduction: !values['no-reduction'], first: values['first-violation'] };
  const results: WorldResult[] = [];
  const note = (result: WorldResult): void => {
    results.push(result);
    if (!values.json) printWorld(result);
    else if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${specs.length} worlds`);
  };
  const jobs = Number(values.jobs);
  if (jobs > 1) await exploreInParts(specs, options, jobs, note);
  else
    for (const spec of specs) {
      note(exploreWorld(spec, options));
      if (options.first && results.at(-1)!.violations.length > 0) break;
    }
  return report(results);
}

function worlds(): WorldSpec[] {
  const cpus = Number(values.cpus);
  const budget = Number(values.budget);
  if (values.set === 'test' || values.set === 'long')
    return (values.set === 'test' ? TEST_SET : LONG_SET).flatMap((options: WorldOptions) => worldsOf(options));
  if (values.set !== undefined) return [];
  if (values.world === undefined) return worldsOf({ pages: Number(values.pages), cpus, budget, rival: values.rival });
  const spec = worldNamed(values.world, { cpus, budget });
  return spec === null ? [] : [spec];
}

function contest(): number {
  const results = contests().map((one) => one.explore());
  if (values.json) print(JSON.stringify({ contests: results }));
  else
    for (const { name, states, transitions, depth, paths, because, trace } of results) {
      const figures = [states, transitions, depth, paths].map((n) => String(n).padStart(9)).join('');
      print(`${name.padEnd(36)}${figures}`);
      if (because !== null) print(`\n${because}\n  ${trace.join('\n  ')}`);
    }
  return results.every(({ because }) => because === null) ? 0 : 1;
}

function replay(text: string): number {
  const parsed = parseReplay(text);
  if (parsed === null) return complain(`${text} names no path: a world, its CPUs and steps, anon/2:17.4,18.0`);
  const { lines, because } = replayed(parsed.spec, parsed.choices);
  print(lines.join('\n'));
  print(because === null ? 'nothing is wrong' : `violation: ${because}`);
  return because === null ? 0 : 1;
}

function printWorld({ spec, states, transitions, depth, paths, seconds, violations }: WorldResult): void {
  const figures = [spec.cpus, spec.budget, states, transitions, depth, paths]
    .map((n) => String(n).padStart(9))
    .join('');
  const end = violations.length > 0 ? '  violation' : '';
  print(`${spec.name.padEnd(36)}${figures}${seconds.toFixed(2).padStart(9)}${end}`);
}

function report(results: readonly WorldResult[]): number {
  const violations: Counterexample[] = results.flatMap(({ spec, violations: found }) =>
    found.slice(0, 1).map(({ choices }) => counterexample(spec, choices)),
  );
  const sum = (of: (result: WorldResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const totals = {
    worlds: results.length,
    states: sum(({ states }) => states),
    transitions: sum(({ transitions }) => transitions),
    depth: Math.max(...results.map(({ depth }) => depth)),
    paths: sum(({ paths }) => paths),
    ends: sum(({ ends }) => ends),
    seconds: Number(sum(({ seconds }) => seconds).toFixed(2)),
  };
  if (values['write-totals'] && values.set === 'test') {
    const { seconds: _, ...stable } = totals;
    const kept = readFileSync(TOTALS, 'utf8').replace(/^export const TEST_TOTALS = \{[^}]*\};$/m, totalsText(stable));
    writeFileSync(TOTALS, kept);
  }
  if (values.json) print(JSON.stringify({ ...totals, violations }));
  else {
    for (const { world, because, trace, replay: word } of violations)
      print(`\n${world}: ${because}\n  ${trace.join('\n  ')}\n  --replay ${word}`);
    print(
      `\n${totals.worlds} worlds, ${totals.states} states, ${totals.transitions} transitions, depth ${totals.depth}, ` +
        `${totals.paths} paths, ${totals.seconds} s; ${violations.length === 0 ? 'no violation' : `${violations.length} violations`}`,
    );
  }
  return violations.length === 0 ? 0 : 1;
}

function totalsText(totals: Readonly<Record<string, number>>): string {
  const lines = Object.entries(totals).map(([name, n]) => `  ${name}: ${n},\n`);
  return `export const TEST_TOTALS = {\n${lines.join('')}};`;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(because: string): number {
  process.stderr.write(`interleave: ${because}\n`);
  return 2;
}

process.exitCode = await main();
