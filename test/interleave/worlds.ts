import { KINDS, type Kind } from './kinds.js';
import { MORE_KINDS } from './kinds-more.js';
import type { WorldSpec } from './world.js';

export interface WorldOptions {
  readonly pages: number;
  readonly cpus: number;
  readonly budget: number;
  /** With a second migrator that has the same list. */
  readonly rival?: boolean;
}

const RIVAL = 'rival-';

/**
 * What `npm test` explores, all of each: every page that stands alone, with any two operations of others, the rare kinds
 * too; every two pages with any one of them; each of these with a second migrator instead.
 */
export const TEST_SET: readonly WorldOptions[] = [
  { pages: 1, cpus: 2, budget: 2, rival: false },
  { pages: 2, cpus: 2, budget: 1, rival: false },
  { pages: 1, cpus: 2, budget: 0, rival: true },
  { pages: 2, cpus: 2, budget: 0, rival: true },
];

/** What `npm run interleave` explores besides. */
export const LONG_SET: readonly WorldOptions[] = [
  ...TEST_SET,
  { pages: 1, cpus: 3, budget: 2, rival: false },
  { pages: 1, cpus: 3, budget: 1, rival: true },
  { pages: 2, cpus: 2, budget: 2, rival: false },
  { pages: 3, cpus: 3, budget: 1, rival: false },
];

/** Every choice of so many kinds, the same kind more than once, whatever their order. */
export function worldsOf(options: WorldOptions): WorldSpec[] {
  const worlds: WorldSpec[] = [];
  const choose = (from: number, chosen: readonly Kind[]): void => {
    if (chosen.length === options.pages) worlds.push(worldOf(chosen, options));
    else for (let at = from; at < KINDS.length; at++) choose(at, [...chosen, KINDS[at]!]);
  };
  choose(0, []);
  if (options.pages === 1 && options.rival !== true)
    for (const kind of MORE_KINDS) worlds.push(worldOf([kind], options));
  return worlds;
}

/** The world of a name, "anon+shmem" or "rival-anon"; null if there is none. */
export function worldNamed(name: string, options: Pick<WorldOptions, 'cpus' | 'budget'>): WorldSpec | null {
  const rival = name.startsWith(RIVAL);
  const names = (rival ? name.slice(RIVAL.length) : name).split('+');
  const kinds = names.flatMap((part) => [...KINDS, ...MORE_KINDS].find((kind) => kind.name === part) ?? []);
  if (kinds.length !== names.length) return null;
  return worldOf(kinds, { ...options, rival });
}

/** One page is given time for a pass that waits; with more, what that adds is the same for each. */
function worldOf(kinds: readonly Kind[], { cpus, budget, rival = false }: Omit<WorldOptions, 'pages'>): WorldSpec {
  const name = `${rival ? RIVAL : ''}${kinds.map((kind) => kind.name).join('+')}`;
  return { name, kinds, cpus, budget, rival, waits: kinds.length === 1 && !rival };
}
