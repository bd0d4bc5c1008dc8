import type * as Explore from './explore.js';
import { type Mutant, mutants } from './mutants.js';
import type * as Trace from './trace.js';
import type { WorldSpec } from './world.js';
import { worldNamed, worldsOf } from './worlds.js';

/** What became of a mutant: how it was found out, or how far it was looked for. */
export interface Verdict {
  readonly mutant: string;
  readonly found: Trace.Counterexample | null;
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
  const nothing = { mutant: mutant.name, found: null, worlds: 0, states: 0, transitions: 0 };
  try {
    return await explored(mutant, search);
  } catch (error) {
    return { ...nothing, failed: error instanceof Error ? error.message : String(error) };
  }
}

async function explored(mutant: Mutant, { worlds, budgetMin, budgetMax }: Search): Promise<Verdict> {
  const { Explorer }: typeof Explore = await import(`./explore.js?mutant=${mutant.name}`);
  const { counterexample }: typeof Trace = await import(`./trace.js?mutant=${mutant.name}`);
  const seen = { worlds: 0, states: 0, transitions: 0 };
  for (let budget = budgetMin; budget <= budgetMax; budget++) {
    for (const world of worlds) {
      const spec = { ...world, budget };
      const { states, transitions, violations } = new Explorer(spec).explore({ reduction: false, most: ENOUGH });
      seen.worlds++;
      seen.states += states;
      seen.transitions += transitions;
      const found = await shortest(spec, violations, counterexample);
      if (found !== null) return { mutant: mutant.name, found, failed: null, ...seen };
    }
  }
  return { mutant: mutant.name, found: null, failed: null, ...seen };
}

/** The shortest path that harms the mutant, and does no harm with every guard in its place; null if there is none. */
async function shortest(
  spec: WorldSpec,
  violations: readonly Explore.FoundViolation[],
  counterexample: typeof Trace.counterexample,
): Promise<Trace.Counterexample | null> {
  const { Explorer }: typeof Explore = await import('./explore.js');
  for (const { choices } of [...violations].sort(shorterFirst)) {
    const product = new Explorer({ ...spec, budget: choices.length });
    if (product.replay(choices, () => {}) === null) return counterexample(spec, choices);
  }
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
