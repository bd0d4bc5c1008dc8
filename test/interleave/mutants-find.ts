import type * as Explore from './explore.js';
import { type Mutant, mutants } from './mutants.js';
import type * as Trace from './trace.js';
import type { WorldSpec } from './world.js';
import { worldNamed, worldsOf } from './worlds.js';

/** What became of a mutant: how it was found out, or how far it was looked for. */
export interface Verdict {
  readonly mutant: string;
  readonly found: Trace.Counterexample | null;
  /** What the path does that README.md shows, if it was asked: what is wrong then. */
  readonly known: string | null;
  /** Why it could not be explored: its guard has moved. */
  readonly failed: string | null;
  /** Explored until then. */
  readonly worlds: number;
  readonly states: number;
  readonly transitions: number;
}

/** Where to look: each world with ever more operations of the others. */
export interface Search {
  readonly worlds: readonly WorldSpec[];
  readonly budgetMin: number;
  readonly budgetMax: number;
  /** Any violation will do, and then the path that is known already: what `--replay` takes. */
  readonly known?: string | null;
}

/** CPUs of the worlds in which mutants are looked for: the migrator's and the processes'. */
const CPUS = 2;
/** Violations to choose the shortest from. */
const ENOUGH = 16;

/** All worlds of up to so many pages, small ones first. */
export function worldsUpTo(pages: number): WorldSpec[] {
  return Array.from({ length: pages }, (_, i) => worldsOf({ pages: i + 1, cpus: CPUS, budget: 0 })).flat();
}

/** The world in which a mutant is known to be found out, or in which to look for a harmless one. */
export function homeOf(mutant: Mutant): Search {
  const [name = '', budget = '1'] = (mutant.world ?? 'anon').split('/');
  const world = worldNamed(name, { cpus: CPUS, budget: 0 });
  if (world === null) throw new Error(`mutant "${mutant.name}": there is no world "${name}"`);
  return { worlds: [world], budgetMin: Number(budget), budgetMax: Number(budget) };
}

/**
 * Explores the mutant, which is loaded beside the product: fewer operations first, so that what is found is as short as
 * any. Nothing is left out as independent: a mutant may look at a page where the product does not. Needs the hooks of
 * mutate-hooks.ts.
 */
export async function findOut(mutant: Mutant, search: Search): Promise<Verdict> {
  const nothing = { mutant: mutant.name, found: null, known: null, worlds: 0, states: 0, transitions: 0 };
  try {
    return await explored(mutant, search);
  } catch (error) {
    return { ...nothing, failed: error instanceof Error ? error.message : String(error) };
  }
}

async function explored(mutant: Mutant, search: Search): Promise<Verdict> {
  const { Explorer }: typeof Explore = await import(`./explore.js?mutant=${mutant.name}`);
  const { counterexample }: typeof Trace = await import(`./trace.js?mutant=${mutant.name}`);
  const seen = { worlds: 0, states: 0, transitions: 0 };
  const { worlds, budgetMin, budgetMax, known } = search;
  const most = known === undefined ? ENOUGH : 1;
  for (let budget = budgetMin; budget <= budgetMax; budget++) {
    for (const world of worlds) {
      const spec = { ...world, budget };
      const { states, transitions, violations } = new Explorer(spec).explore({ reduction: false, most });
      seen.worlds++;
      seen.states += states;
      seen.transitions += transitions;
      const found = await shortest(spec, violations, counterexample);
      if (found === null) continue;
      const because = plainly(found.because);
      const again = known == null ? null : await replayKnown(known, counterexample);
      return { mutant: mutant.name, found: { ...found, because }, known: again, failed: null, ...seen };
    }
  }
  return { mutant: mutant.name, found: null, known: null, failed: null, ...seen };
}

/** What is wrong at the end of a path that README.md shows; null if the product comes to the same harm on it. */
async function replayKnown(path: string, counterexample: typeof Trace.counterexample): Promise<string | null> {
  const { parseReplay }: typeof Trace = await import('./trace.js');
  const parsed = parseReplay(path);
  if (parsed === null || (await isHarmful(parsed.spec, parsed.choices))) return null;
  return plainly(counterexample(parsed.spec, parsed.choices).because);
}

/** The product with the same steps of the others. */
async function isHarmful(spec: WorldSpec, choices: readonly Explore.Choice[]): Promise<boolean> {
  const { Explorer }: typeof Explore = await import('./explore.js');
  return new Explorer({ ...spec, budget: choices.length }).replay(choices, () => {}) !== null;
}

/** What was found first, without what the service says of its failing to clean up after it. */
function plainly(because: string): string {
  return /^a migration failed \((?<first>.*?)\), and so did /.exec(because)?.groups?.first ?? because;
}

/** The shortest path that harms the mutant, and does no harm with every guard in its place; null if there is none. */
async function shortest(
  spec: WorldSpec,
  violations: readonly Explore.FoundViolation[],
  counterexample: typeof Trace.counterexample,
): Promise<Trace.Counterexample | null> {
  for (const { choices } of [...violations].sort(shorterFirst))
    if (!(await isHarmful(spec, choices))) return counterexample(spec, choices);
  return null;
}

/** Fewer steps of the others, at fewer points, as early as possible. */
function shorterFirst(a: Explore.FoundViolation, b: Explore.FoundViolation): number {
  const points = ({ choices }: Explore.FoundViolation) => new Set(choices.map(({ at }) => at)).size;
  const last = ({ choices }: Explore.FoundViolation) => choices.at(-1)?.at ?? 0;
  return a.choices.length - b.choices.length || points(a) - points(b) || last(a) - last(b);
}

/** Every n-th mutant: one process's share. */
export function shareOf(part: number, parts: number, names: readonly string[]): Mutant[] {
  const chosen = names.length === 0 ? mutants : mutants.filter(({ name }) => names.includes(name));
  return chosen.filter((_, at) => at % parts === part);
}
