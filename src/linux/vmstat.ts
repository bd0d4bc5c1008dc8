import type { LinuxTree } from './linux-tree.js';

const VMSTAT = '/proc/vmstat';

/** Counters of /proc/vmstat that tell of compaction and migration, since boot and of all nodes; 0 for one not there. */
export const COMPACTION_COUNTERS = [
  'compact_migrate_scanned',
  'compact_free_scanned',
  'compact_isolated',
  'pgmigrate_success',
  'pgmigrate_fail',
] as const;

export type CompactionCounters = Readonly<Record<(typeof COMPACTION_COUNTERS)[number], number>>;

/**
 * These counters now; null if the kernel does not count compaction (CONFIG_COMPACTION) or has no vmstat.
 *
 * @throws VacateError kind 'host' if the file cannot be read.
 */
export function readCompactionCounters(tree: LinuxTree): CompactionCounters | null {
  const found = new Map<string, number>();
  for (const line of tree.text(VMSTAT)?.split('\n') ?? []) {
    const [, name = '', value = ''] = /^([a-z]\w{0,63}) (\d{1,20})$/.exec(line) ?? [];
    found.set(name, Number(value));
  }
  if (!found.has('compact_migrate_scanned')) return null;
  return countersBy((name) => found.get(name) ?? 0);
}

/** What was counted in between. */
export function countersSince(before: CompactionCounters, after: CompactionCounters): CompactionCounters {
  return countersBy((name) => Math.max(0, after[name] - before[name]));
}

function countersBy(value: (name: (typeof COMPACTION_COUNTERS)[number]) => number): CompactionCounters {
  return {
    compact_migrate_scanned: value('compact_migrate_scanned'),
    compact_free_scanned: value('compact_free_scanned'),
    compact_isolated: value('compact_isolated'),
    pgmigrate_success: value('pgmigrate_success'),
    pgmigrate_fail: value('pgmigrate_fail'),
  };
}
