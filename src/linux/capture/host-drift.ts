import type { LinuxTree } from '../linux-tree.js';

/** Counters of /proc/vmstat that tell how much memory changed hands; `pgalloc` is the sum over all zones. */
const COUNTERS = [
  'nr_free_pages',
  'pgalloc',
  'pgfree',
  'pgfault',
  'pgmigrate_success',
  'allocstall',
  'compact_migrate_scanned',
] as const;
/** Counted zone by zone, pgalloc_normal and so on. */
const BY_ZONE: readonly string[] = ['pgalloc', 'allocstall'];

type Counter = (typeof COUNTERS)[number];
export type DriftCounters = Readonly<Partial<Record<Counter, number>>>;

/** How far apart the first and the last page of a reading are, and how much of memory changed hands in between. */
export interface HostDrift {
  readonly seconds: number;
  readonly before: DriftCounters;
  readonly after: DriftCounters;
}

/** The counters as they are now; those that this kernel lacks are left out. */
export function readDriftCounters(tree: LinuxTree): DriftCounters {
  const counters: Partial<Record<Counter, number>> = {};
  for (const [, name = '', digits] of (tree.text('/proc/vmstat') ?? '').matchAll(/^([a-z]\w{0,63}) (\d{1,20})$/gm)) {
    const family = BY_ZONE.find((counter) => name.startsWith(`${counter}_`)) ?? name;
    if (isCounter(family)) counters[family] = (counters[family] ?? 0) + Number(digits);
  }
  return counters;
}

function isCounter(name: string): name is Counter {
  return (COUNTERS as readonly string[]).includes(name);
}

/** What was counted in between, in a sentence; `nrPages` is all that was read. */
export function driftSentence({ seconds, before, after }: HostDrift, nrPages: number): string {
  const since = (counter: Counter) => Math.max(0, (after[counter] ?? 0) - (before[counter] ?? 0));
  const count = (nr: number) => nr.toLocaleString('en-US');
  if (before.pgalloc === undefined || after.pgalloc === undefined) {
    return `Reading ${count(nrPages)} pages took ${seconds.toFixed(1)} s; the kernel does not count what changed meanwhile.`;
  }
  return (
    `Between the first page and the last, ${seconds.toFixed(1)} s, ${count(since('pgalloc'))} pages were handed out, ` +
    `${count(since('pgfree'))} were freed and ${count(since('pgmigrate_success'))} moved, of ${count(nrPages)}.`
  );
}
