import { parseArgs } from 'node:util';
import { type Exploration, Explorer, type FoundViolation } from './explore.js';
import { type Counterexample, counterexample, parseReplay, replayed } from './trace.js';
import type { WorldSpec } from './world.js';
import { worldNamed, worldsOf } from './worlds.js';

const USAGE = `Takes every interleaving of a migration with what other CPUs do, in small worlds.

  node dist/test/interleave/main.js [options]

  --pages N           pages of a world, 1 to 3 (2)
  --cpus N            the migrator's and the others', 2 or 3 (2)
  --budget N          operations that the others may begin (2)
  --world NAME        this one alone, such as anon+shmem
  --list              names of the worlds
  --first-violation   end at the first; fewer operations are tried first, so that it is a shortest one
  --replay TRACE      one path again, step by step
  --no-reduction      every order, also of steps that have nothing to do with each other
  --json              one line of JSON

It ends with 0 if nothing is wrong, 1 if something is.`;

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '2' },
    cpus: { type: 'string', default: '2' },
    budget: { type: 'string', default: '2' },
    world: { type: 'string' },
    list: { type: 'boolean', default: false },
    'first-violation': { type: 'boolean', default: false },
    replay: { type: 'string' },
    'no-reduction': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface WorldResult extends Exploration {
  readonly world: string;
  readonly seconds: number;
}

function main(): number {
  if (values.help) return print(USAGE);
  if (values.replay !== undefined) return replay(values.replay);
  const specs = worlds();
  if (specs.length === 0) return complain(`there is no world ${values.world}; --list names them`);
  if (values.list) return print(specs.map(({ name }) => name).join('\n'));
  const results: WorldResult[] = [];
  const violations: Counterexample[] = [];
  for (const spec of specs) {
    const result = exploreWorld(spec);
    results.push(result);
    violations.push(...result.violations.slice(0, 1).map(({ choices }) => counterexample(spec, choices)));
    if (!values.json) printWorld(result);
    if (violations.length > 0 && values['first-violation']) break;
  }
  report(results, violations);
  return violations.length === 0 ? 0 : 1;
}

function worlds(): WorldSpec[] {
  const cpus = Number(values.cpus);
  const budget = Number(values.budget);
  if (values.world === undefined) return worldsOf({ pages: Number(values.pages), cpus, budget });
  const spec = worldNamed(values.world, { cpus, budget });
  return spec === null ? [] : [spec];
}

/** With ever more operations, so that what is found first is as short as any; else all at once. */
function exploreWorld(spec: WorldSpec): WorldResult {
  const began = performance.now();
  const reduction = !values['no-reduction'];
  let result: Exploration | null = null;
  if (values['first-violation'])
    for (let budget = 0; budget < spec.budget && !result?.violations.length; budget++)
      result = new Explorer({ ...spec, budget }).explore({ reduction });
  if (!result?.violations.length) result = new Explorer(spec).explore({ reduction });
  const violations = [...result.violations].sort(shorterFirst);
  return { ...result, violations, world: spec.name, seconds: (performance.now() - began) / 1000 };
}

/** Fewer steps of others, at fewer points, as late as possible. */
function shorterFirst(a: FoundViolation, b: FoundViolation): number {
  const points = ({ choices }: FoundViolation) => new Set(choices.map(({ at }) => at)).size;
  const last = ({ choices }: FoundViolation) => choices.at(-1)?.at ?? 0;
  return a.choices.length - b.choices.length || points(a) - points(b) || last(a) - last(b);
}

function replay(text: string): number {
  const parsed = parseReplay(text);
  if (parsed === null) return complain(`${text} names no path: a world, its CPUs and steps, anon/2:17.4,18.0`);
  const { lines, because } = replayed(parsed.spec, parsed.choices);
  print(lines.join('\n'));
  print(because === null ? 'nothing is wrong' : `violation: ${because}`);
  return because === null ? 0 : 1;
}

function printWorld({ world, states, transitions, depth, paths, seconds, violations }: WorldResult): void {
  const figures = [states, transitions, depth, paths].map((n) => String(n).padStart(9)).join('');
  print(`${world.padEnd(40)}${figures}${seconds.toFixed(2).padStart(9)}${violations.length > 0 ? '  violation' : ''}`);
}

function report(results: readonly WorldResult[], violations: readonly Counterexample[]): void {
  const sum = (of: (result: WorldResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const totals = {
    worlds: results.length,
    states: sum(({ states }) => states),
    transitions: sum(({ transitions }) => transitions),
    depth: Math.max(...results.map(({ depth }) => depth)),
    paths: sum(({ paths }) => paths),
    seconds: Number(sum(({ seconds }) => seconds).toFixed(2)),
  };
  if (values.json) {
    print(JSON.stringify({ ...totals, violations }));
    return;
  }
  for (const { world, because, trace, replay: word } of violations)
    print(`\n${world}: ${because}\n  ${trace.join('\n  ')}\n  --replay ${word}`);
  print(
    `\n${totals.worlds} worlds, ${totals.states} states, ${totals.transitions} transitions, depth ${totals.depth}, ` +
      `${totals.paths} paths, ${totals.seconds} s; ${violations.length === 0 ? 'no violation' : `${violations.length} violations`}`,
  );
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(because: string): number {
  process.stderr.write(`interleave: ${because}\n`);
  return 2;
}

process.exitCode = main();
