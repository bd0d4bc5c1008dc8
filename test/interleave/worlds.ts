import { KINDS } from './kinds.js';
import type { WorldSpec } from './world.js';

export interface WorldOptions {
  readonly pages: number;
  readonly cpus: number;
  readonly budget: number;
}

/** Every choice of so many kinds, the same kind more than once, whatever their order. */
export function worldsOf({ pages, cpus, budget }: WorldOptions): WorldSpec[] {
  const worlds: WorldSpec[] = [];
  const choose = (from: number, chosen: readonly number[]): void => {
    if (chosen.length === pages) {
      const kinds = chosen.map((at) => KINDS[at]!);
      worlds.push({
        name: kinds.map(({ name }) => name).join('+'),
        kinds,
        cpus,
        budget,
        waits: pages === 1,
        rival: false,
      });
      return;
    }
    for (let at = from; at < KINDS.length; at++) choose(at, [...chosen, at]);
  };
  choose(0, []);
  return worlds;
}

/** The world of a name, "anon+shmem"; null if there is none. */
export function worldNamed(name: string, options: Omit<WorldOptions, 'pages'>): WorldSpec | null {
  const kinds = name.split('+').map((part) => KINDS.find((kind) => kind.name === part));
  if (kinds.some((kind) => kind === undefined)) return null;
  return { name, kinds: kinds.map((kind) => kind!), ...options, waits: kinds.length === 1, rival: false };
}
