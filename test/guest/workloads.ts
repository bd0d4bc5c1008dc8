import type { Guest } from './guest.js';

/**
 * What fills a guest's memory before it is captured. Each step is a shell command; a step that stays says "ready" when
 * its pages are there. `SEED` becomes a number of its own for each step, drawn from the run's seed.
 */
const WORKLOADS: Readonly<Record<string, readonly string[]>> = {
  idle: [],
  light: ['workload anon --mib 100 --keep 50 --seed SEED'],
  // More gaps than a program of the size of ours can fill when it starts.
  gaps: ['workload anon --mib 500 --keep 50 --seed SEED'],
  everyday: [
    ...swapOn(96),
    'workload files --path /data/files --files 2000 --keep 50 --seed SEED',
    'workload anon --mib 300 --keep 50 --seed SEED',
    'workload shm --mib 80 --keep 50 --seed SEED',
    'workload mapped-file --path /data/mapped --mib 60 --seed SEED',
    'workload mlock --mib 8 --seed SEED',
    'workload hugetlb --mib 16 --seed SEED',
    'workload thp --mib 16 --keep 60 --seed SEED',
    'workload swapped --mib 40 --keep 40 --seed SEED',
  ],
  look: [
    ...swapOn(64),
    'workload anon --mib 200 --keep 50 --seed SEED',
    'workload shm --mib 50 --keep 50 --seed SEED',
    'workload mapped-file --path /data/mapped --mib 30 --seed SEED',
    'workload mlock --mib 8 --seed SEED',
    'workload thp --mib 16 --keep 60 --seed SEED',
    'workload hugetlb --mib 8 --seed SEED',
    'workload swapped --mib 30 --keep 40 --seed SEED',
    'workload vmsplice --pages 16 --mib 8 --seed SEED',
    'workload ksm --mib 8 --seed SEED',
    'workload page-tables --mib 4 --seed SEED',
  ],
  mixed: [
    ...swapOn(256),
    'workload cache --path /data/cold --mib 150 --seed SEED',
    'workload anon --mib 420 --keep 50 --seed SEED',
    'workload shm --mib 160 --keep 50 --seed SEED',
    'workload mapped-file --path /data/mapped --mib 120 --seed SEED',
    'workload mlock --mib 24 --seed SEED',
    'workload hugetlb --mib 32 --seed SEED',
    'workload thp --mib 48 --keep 60 --seed SEED',
    'workload swapped --mib 120 --keep 40 --seed SEED',
  ],
  pinned: [
    'workload anon --mib 600 --keep 50 --seed SEED',
    'workload mapped-file --path /data/mapped --mib 100 --seed SEED',
    'workload vmsplice --pages 32 --mib 200 --keep 50 --seed SEED',
    'workload uring --mib 4 --seed SEED',
    'workload ksm --mib 32 --seed SEED',
  ],
  fragslab: [
    'workload anon --mib 700 --keep 50 --seed SEED',
    'workload files --path /data/files --files 15000 --keep 50 --seed SEED',
    'workload page-tables --mib 24 --seed SEED',
  ],
  frag: ['workload anon --mib 900 --keep 50 --seed SEED', 'workload shm --mib 300 --keep 50 --seed SEED'],
  skew: ['workload anon --mib 1480 --skew 4 --seed SEED'],
  'skew-fine': ['workload anon --mib 1480 --skew 2 --seed SEED'],
  'skew-slab': [
    'workload files --path /data/files --files 6000 --keep 50 --seed SEED',
    'workload anon --mib 1400 --skew 4 --seed SEED',
    'workload page-tables --mib 8 --seed SEED',
  ],
  runs: ['workload anon --mib 1480 --keep 50 --runs 64 --seed SEED'],
  random: ['workload anon --mib 1480 --keep 50 --seed SEED'],
  cache: [
    'workload cache --path /data/one --mib 250 --seed SEED',
    'workload mapped-file --path /data/two --mib 150 --seed SEED',
    'workload journal --path /data/log --seed SEED',
    'workload files --path /data/files --files 3000 --keep 80 --seed SEED',
  ],
  thp: [
    'workload thp --mib 500 --keep 70 --seed SEED',
    'workload hugetlb --mib 64 --seed SEED',
    'workload anon --mib 200 --keep 50 --seed SEED',
  ],
  tmpfs: [
    ...swapOn(384),
    'workload cache --path /dev/shm/file --mib 350 --seed SEED',
    'workload anon --mib 300 --keep 60 --seed SEED',
    'workload swapped --mib 250 --keep 30 --seed SEED',
  ],
};

export const WORKLOAD_NAMES: readonly string[] = Object.keys(WORKLOADS);

const STAYS = /^workload (?!files|cache)/;

const STEP_MS_MAX = 180_000;

/** Makes the pages of a workload; their processes stay for as long as the guest. */
export async function startWorkload(guest: Guest, name: string, seed: number): Promise<void> {
  const steps = WORKLOADS[name];
  if (steps === undefined) throw new Error(`no workload ${name}; there is ${WORKLOAD_NAMES.join(', ')}`);
  for (const [index, step] of steps.entries()) {
    const command = step.replace('SEED', `${seed * 1000 + index}`);
    if (STAYS.test(command)) await guest.spawn(`exec ${command}`).said('ready', STEP_MS_MAX);
    else await guest.must(command, { timeoutMs: STEP_MS_MAX });
  }
}

function swapOn(mib: number): string[] {
  return [`echo ${mib}M > /sys/block/zram0/disksize`, 'mkswap /dev/zram0 && swapon /dev/zram0'];
}
