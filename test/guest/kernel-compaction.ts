import { join } from 'node:path';
import { takeCapture, takeTexts } from './capture-set.js';
import { type CompactionJob, captureOf, order9In, type Step, writeCompactionSet } from './compaction-set.js';
import { bootGuest, type Guest } from './guest.js';
import type { KernelSeries } from './kernel.js';
import { startWorkload } from './workloads.js';

/** Emulated, on a machine that has other things to do, a whole compact_memory takes seconds. */
const JOB_MS_MAX = 300_000;

const POLICY = 'online_movable';

/** What a kernel is asked to do, and on what. */
export interface CompactionRun {
  readonly series: KernelSeries;
  readonly job: CompactionJob;
  readonly workload: string;
  readonly seed: number;
  /** Blocks that the pool of huge pages is to have beyond what is free, once the capture is there; for `huge` alone. */
  readonly blocks: (capture: string) => number;
  readonly onStep: (what: string) => void;
}

/** Boots a guest, fills its memory, takes a capture, and has its kernel compact: all of it goes into a new folder. */
export async function recordCompaction(folder: string, run: CompactionRun): Promise<void> {
  const { series, job, workload, seed, onStep } = run;
  onStep('booting');
  const guest = await bootGuest({ kernel: series, policy: POLICY });
  try {
    // What kcompactd moved by itself, before the capture or after it, would count as the job's.
    await guest.must('echo 0 > /proc/sys/vm/compaction_proactiveness');
    onStep('filling memory');
    await startWorkload(guest, workload, seed);
    const capture = captureOf(folder, job);
    onStep('taking a capture');
    await takeCapture(guest, capture);
    const wanted = job === 'huge' ? run.blocks(capture) : null;
    onStep(job === 'huge' ? `raising nr_hugepages by ${wanted} more than are free` : 'writing to compact_memory');
    const step = await compactIn(guest, wanted);
    await takeTexts(guest, join(folder, `after-${job}`));
    const texts = { kernel: guest.release, policy: POLICY, workload: `${workload}, seed ${seed}` };
    writeCompactionSet(folder, job, texts, step);
  } finally {
    await guest.close();
  }
}

/** Has the kernel compact, all of memory or until so many blocks more than are free have been had; what it counted. */
async function compactIn(guest: Guest, wanted: number | null): Promise<Step> {
  const report = await guest.must(jobScript(wanted), { timeoutMs: JOB_MS_MAX });
  const [before = '', after = ''] = report.split('----\n');
  const change = (name: string) => counterIn(after, name) - counterIn(before, name);
  return {
    ...(wanted === null ? {} : { asked: counterIn(after, 'asked'), got: counterIn(after, 'got') }),
    migrated: change('pgmigrate_success'),
    failed: change('pgmigrate_fail'),
    reclaimed: change('pgsteal_kswapd') + change('pgsteal_direct'),
    order9_before: order9In(before),
    order9_after: order9In(after),
    migrate_scanned: change('compact_migrate_scanned'),
    free_scanned: change('compact_free_scanned'),
    seconds: Number((counterIn(after, 'uptime') - counterIn(before, 'uptime')).toFixed(2)),
  };
}

function counterIn(report: string, name: string): number {
  return Number(new RegExp(`^${name} ([\\d.]+)`, 'm').exec(report)?.[1] ?? 0);
}

/** One shell does it all: each process would take pages. What is free is looked at last before, and first after. */
function jobScript(wanted: number | null): string {
  const look = [
    'while read -r line; do echo "$line"; done < /proc/buddyinfo',
    'read -r up rest < /proc/uptime; echo "uptime $up"',
    'while read -r line; do echo "$line"; done < /proc/vmstat',
  ];
  const raise = [
    'free=0; while read -r _ _ _ _ _ _ _ _ _ _ _ _ _ nine ten; do free=$((free + nine + 2 * ten)); done < /proc/buddyinfo',
    `asked=$((free + ${wanted})); echo $asked > /proc/sys/vm/nr_hugepages`,
  ];
  // Not from nr_hugepages: read, which takes byte by byte, gets the first digit of a sysctl and then its end.
  const pool = `while read -r name got rest; do
    case $name in HugePages_Total:) echo "asked $asked"; echo "got $got"; esac; done < /proc/meminfo`;
  const job = wanted === null ? ['echo 1 > /proc/sys/vm/compact_memory'] : raise;
  return [...look, ...job, 'echo ----', ...look, ...(wanted === null ? [] : [pool])].join('\n');
}
