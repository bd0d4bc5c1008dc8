import { accessSync, constants, readFileSync } from 'node:fs';
import { type Benchmark, type Context, type Entrant, isAbsent } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { inputFor, ofProduct } from '../migration/contestants.js';

const LINUX = 'Linux, compact_memory';
const COMPACT = '/proc/sys/vm/compact_memory';
/** Less is over before it can be measured; and tests leave the memory of their host as it is. */
const GIB_MIN = 1;

export const kernelCompaction: Benchmark = {
  name: 'kernel-compaction',
  shows:
    'How fast pages of 4 KiB of real bytes move from one end of memory to the other: by the kernel of this host, told to ' +
    'compact all of its memory while half of some GiB is in use at random, and by us in a simulated machine.',
  doesNotShow:
    'That JavaScript were faster than the kernel: that has locks, memory cgroups, other CPUs to ask, and pages of others ' +
    'to look at. It is what a simulation costs beside the real thing.',
  sizes: [0.125, 2],
  unit: 'page',
  goals: [{ contestant: 'vacate', against: LINUX, speedAtLeast: 3, fromGib: GIB_MIN }],
  async prepare({ nrPages, gib, folder }: Context) {
    const input = inputFor({ nrPages, nrProcesses: 8, contents: 'bytes', order: 'ascending', seed: 1 }, folder);
    return [await ofKernel(gib), await ofProduct('vacate', input, 'batch')];
  },
};

/** What fewer moves take is the looking for them. */
const MOVES_MIN = 2 ** 15;
/** A round in which it stops at once is done again, so often at most. */
const TRIES = 8;

async function ofKernel(gib: number): Promise<Entrant> {
  if (gib < GIB_MIN) return { name: LINUX, skipped: `it is measured from ${GIB_MIN} GiB on` };
  if (!mayCompact()) return { name: LINUX, skipped: `only root may compact memory, and only where ${COMPACT} is` };
  const nrUnits = 2 ** 18;
  const args = [gib * 2 ** 30];
  const result = 'what is left of the memory of a process';
  const program = await cProgram({ name: LINUX, source: 'compact-memory.c', optimise: '-O2', args, nrUnits, result });
  if (isAbsent(program)) return program;
  // Compaction may end as soon as it has begun: what makes it do so is not known, and asking again does not help.
  const before = pagesMigrated();
  await program.round();
  if (pagesMigrated() - before < MOVES_MIN) {
    await program.end?.();
    return { name: LINUX, skipped: 'asked to compact, this kernel moved next to nothing just now; try again later' };
  }
  return {
    ...program,
    // How many pages the kernel moves is its own choice: time is scaled to the units that a round is said to have.
    async round() {
      for (let left = TRIES; left > 0; left--) {
        const before = pagesMigrated();
        const { cpuNs, wallNs, hash } = await program.round();
        const share = (pagesMigrated() - before) / nrUnits;
        if (share * nrUnits >= MOVES_MIN) return { cpuNs: cpuNs / share, wallNs: wallNs / share, hash };
      }
      throw new Error('the kernel has moved next to nothing; is its memory compact already?');
    },
  };
}

function mayCompact(): boolean {
  try {
    accessSync(COMPACT, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Since the host has started. */
function pagesMigrated(): number {
  return Number(/^pgmigrate_success (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
}
