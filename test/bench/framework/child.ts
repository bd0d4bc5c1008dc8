import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BENCHMARKS } from '../benchmarks/index.js';
import { type Contestant, type Entrant, isAbsent, PAGES_PER_GIB, type Round } from './benchmark.js';

/**
 * The process in which one benchmark runs at one size: its memory is given back when it ends, and what the compiler has
 * learned from others' work is not in it. The parent says when to do a round; without a parent it ends.
 */
export type ToChild = 'round' | 'end';
export type FromChild =
  | { readonly entrants: readonly Entered[] }
  | { readonly rounds: readonly Round[] }
  | { readonly failed: string };

/** What the parent knows of an entrant. */
export type Entered = Pick<Contestant, 'name' | 'nrUnits' | 'result'> | Extract<Entrant, { skipped: string }>;

const [name, gib] = [process.argv[2], Number(process.argv[3])];
const folder = mkdtempSync(join(tmpdir(), 'vacate-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// Ctrl-C is for the parent; when that is gone, there is time to tidy up.
process.on('SIGINT', () => {});

const say = (message: FromChild) => process.send?.(message);

async function prepare(): Promise<readonly Contestant[]> {
  const benchmark = BENCHMARKS.find((one) => one.name === name);
  if (benchmark === undefined) throw new Error(`there is no benchmark ${name}`);
  const entrants = await benchmark.prepare({ gib, nrPages: gib * PAGES_PER_GIB, folder });
  say({
    entrants: entrants.map((one) =>
      isAbsent(one) ? one : { name: one.name, nrUnits: one.nrUnits, result: one.result },
    ),
  });
  return entrants.filter((one) => !isAbsent(one)) as Contestant[];
}

/** Everybody once. Who goes first changes, so that a machine that grows slower meanwhile tells against nobody. */
async function roundOf(contestants: readonly Contestant[], isReversed: boolean): Promise<readonly Round[]> {
  const rounds = new Map<Contestant, Round>();
  for (const contestant of isReversed ? [...contestants].reverse() : contestants)
    rounds.set(contestant, await contestant.round());
  return contestants.map((contestant) => rounds.get(contestant)!);
}

try {
  const contestants = await prepare();
  let nrRounds = 0;
  const end = () => {
    for (const contestant of contestants) contestant.end?.();
    process.exit();
  };
  process.on('disconnect', end);
  process.on('message', (message: ToChild) => {
    if (message === 'end') end();
    else
      roundOf(contestants, nrRounds++ % 2 === 1).then(
        (rounds) => say({ rounds }),
        (error: unknown) => say({ failed: messageOf(error) }),
      );
  });
} catch (error) {
  say({ failed: messageOf(error) });
  process.disconnect();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
