import { formatFlags } from '../../src/mm/page-flags.js';
import { isMigration, isPresent, isSwap, PTE_DIRTY, PTE_WRITE, ptePayload } from '../../src/mm/pte.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { type Choice, Explorer } from './explore.js';
import { NR_PROCESSES } from './oracle.js';
import type { World, WorldSpec } from './world.js';
import { worldNamed } from './worlds.js';

/** A violation, told. */
export interface Counterexample {
  readonly world: string;
  readonly because: string;
  /** One line a step, the CPU first; what only the migrator does is left out where nobody else has come in since. */
  readonly trace: readonly string[];
  /** What `--replay` takes. */
  readonly replay: string;
}

/** A path as one word: the world, its CPUs, and each step of another CPU as VERB.STEP. */
export function formatReplay(spec: WorldSpec, choices: readonly Choice[]): string {
  return `${spec.name}/${spec.cpus}:${choices.map(({ at, step }) => `${at}.${step}`).join(',')}`;
}

/** The world and the path that a word names; null if it is none. */
export function parseReplay(text: string): { spec: WorldSpec; choices: Choice[] } | null {
  const match = /^(?<name>[a-z+-]+)\/(?<cpus>[23]):(?<path>(\d+\.\d+(,\d+\.\d+)*)?)$/.exec(text)?.groups;
  if (match === undefined) return null;
  const choices = match
    .path!.split(',')
    .filter(Boolean)
    .map((word) => word.split('.').map(Number));
  const spec = worldNamed(match.name!, { cpus: Number(match.cpus), budget: choices.length });
  return spec === null ? null : { spec, choices: choices.map(([at, step]) => ({ at: at!, step: step! })) };
}

/** Runs a path again and tells it. */
export function counterexample(spec: WorldSpec, choices: readonly Choice[]): Counterexample {
  const trace: string[] = [];
  const explorer = new Explorer({ ...spec, budget: choices.length });
  const because = explorer.replay(choices, (cpu, what) => trace.push(`CPU${cpu} ${what}`));
  return {
    world: spec.name,
    because: because ?? 'it does not happen again',
    trace,
    replay: formatReplay(spec, choices),
  };
}

/** The same with what every page of the world looks like before each step; a line a string. */
export function replayed(spec: WorldSpec, choices: readonly Choice[]): { lines: string[]; because: string | null } {
  const lines: string[] = [];
  const explorer = new Explorer({ ...spec, budget: choices.length });
  let before = '';
  const look = () => {
    const now = spec.kinds.map((_, page) => `     page ${page}: ${describePage(explorer.world, page)}`).join('\n');
    if (now !== before) lines.push(now);
    before = now;
  };
  const because = explorer.replay(choices, (cpu, what) => {
    look();
    lines.push(`CPU${cpu} ${what}`);
  });
  look();
  return { lines, because };
}

function describePage(world: World, page: number): string {
  const { machine, oracle } = world;
  const entries: string[] = [];
  const frames = new Set<number>();
  for (let slot = 0; slot < NR_PROCESSES; slot++) {
    if (oracle.mm(slot) === 0) continue;
    const pte = pteOf(machine, oracle.mm(slot), oracle.vpns[page]!);
    if (pte !== 0) entries.push(`process ${slot} ${describePte(pte)}`);
    frames.add(world.mappedFrame(slot, page));
  }
  frames.add(world.cachedFrame(page, 0)).add(world.frames[page]!).delete(-1);
  const states = [...frames].map(
    (pfn) =>
      `0x${pfn.toString(16)} count ${machine.count[pfn]} mapcount ${machine.mapcount[pfn]} ${formatFlags(machine.flags[pfn]!)}`,
  );
  return [...states, ...entries].join('; ');
}

function describePte(pte: number): string {
  const bits = `${(pte & PTE_WRITE) !== 0 ? 'w' : '-'}${(pte & PTE_DIRTY) !== 0 ? 'd' : '-'}`;
  if (isPresent(pte)) return `maps 0x${ptePayload(pte).toString(16)} ${bits}`;
  if (isMigration(pte)) return `waits for 0x${ptePayload(pte).toString(16)} ${bits}`;
  return isSwap(pte) ? `has swap slot ${ptePayload(pte)}` : `has page ${ptePayload(pte)} of its file`;
}
