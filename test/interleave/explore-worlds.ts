import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Exploration, Explorer, type FoundViolation } from './explore.js';
import type { WorldSpec } from './world.js';
import { worldNamed } from './worlds.js';

export interface WorldResult extends Exploration {
  readonly spec: WorldSpec;
  readonly seconds: number;
}

export interface SearchOptions {
  readonly reduction: boolean;
  /** With ever more operations, so that what is found first is as short as any. */
  readonly first: boolean;
}

/** What goes to a process and comes back from it: a world by its name. */
interface Errand {
  readonly at: number;
  readonly name: string;
  readonly cpus: number;
  readonly budget: number;
  readonly options: SearchOptions;
}
type Answer = Omit<WorldResult, 'spec'> & { readonly at: number };

const MAIN = fileURLToPath(import.meta.url);

/** Explores one world; what is wrong comes shortest first. */
export function exploreWorld(spec: WorldSpec, { reduction, first }: SearchOptions): WorldResult {
  const began = performance.now();
  let result: Exploration | null = null;
  for (let budget = first ? 0 : spec.budget; budget <= spec.budget && !result?.violations.length; budget++)
    result = new Explorer({ ...spec, budget }).explore({ reduction });
  const violations = [...result!.violations].sort(shorterFirst);
  return { ...result!, violations, spec, seconds: (performance.now() - began) / 1000 };
}

/** Fewer steps of others, at fewer points, as late as possible. */
function shorterFirst(a: FoundViolation, b: FoundViolation): number {
  const points = ({ choices }: FoundViolation) => new Set(choices.map(({ at }) => at)).size;
  const last = ({ choices }: FoundViolation) => choices.at(-1)?.at ?? 0;
  return a.choices.length - b.choices.length || points(a) - points(b) || last(b) - last(a);
}

/** The same for many worlds, in so many processes; each takes the next one when it is done. */
export async function exploreInParts(
  specs: readonly WorldSpec[],
  options: SearchOptions,
  jobs: number,
  note: (result: WorldResult) => void,
): Promise<void> {
  let next = 0;
  let stop = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(MAIN);
      const give = (): void => {
        if (stop || next === specs.length) {
          child.disconnect();
          return;
        }
        const { name, cpus, budget } = specs[next]!;
        child.send({ at: next++, name, cpus, budget, options } satisfies Errand);
      };
      child.on('message', ({ at, ...answer }: Answer) => {
        note({ ...answer, spec: specs[at]! });
        if (options.first && answer.violations.length > 0) stop = true;
        give();
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a process that explores worlds ended with ${code}`));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, specs.length) }, work));
}

process.on('message', ({ at, name, cpus, budget, options }: Errand) => {
  const { spec: _, ...answer } = exploreWorld(worldNamed(name, { cpus, budget })!, options);
  process.send!({ ...answer, at } satisfies Answer);
});
