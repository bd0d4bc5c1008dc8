import { setTimeout } from 'node:timers/promises';
import { VacateError } from '../base/vacate-error.js';
import { type BuddyinfoRow, readBuddyinfo } from './buddyinfo.js';
import { WriterProcess } from './hotplug/writer-process.js';
import type { RunLog } from './journal/journal.js';
import type { LinuxTree } from './linux-tree.js';
import { readPerCpuPages } from './pages/per-cpu-pages.js';
import { type CompactionCounters, countersSince, readCompactionCounters } from './vmstat.js';

/** Documentation/admin-guide/sysctl/vm.rst; whatever is written compacts, newer kernels want a 1. */
const COMPACT_MEMORY = '/proc/sys/vm/compact_memory';
const NODES = '/sys/devices/system/node';
const WORD = '1';

/** Counters are looked at so often while the kernel is at work. */
const LOOK_MS = 200;

/** How a write to the kernel that compacts memory ended. */
export interface CompactionRun {
  /** In the host's file system. */
  readonly path: string;
  /** `failed`: the kernel said `error`; the others were ended by us. */
  readonly outcome: 'done' | 'failed' | 'timeout' | 'interrupted';
  /** The errno by name; null if the kernel did it. */
  readonly error: string | null;
  /** False if the kernel had not let go of the write some seconds after it was interrupted. */
  readonly hasEnded: boolean;
  readonly seconds: number;
  /** Counted meanwhile, of all nodes and for whoever else compacted; null if the kernel does not count. */
  readonly counted: CompactionCounters | null;
  readonly before: FreeMemoryReading;
  readonly after: FreeMemoryReading;
}

/** Free memory as the kernel tells of it at one time. */
export interface FreeMemoryReading {
  /** Null without /proc/buddyinfo. */
  readonly blocks: readonly BuddyinfoRow[] | null;
  /** Free pages on per-CPU lists, by `zoneKey`. */
  readonly perCpu: ReadonlyMap<string, number>;
}

export interface CompactionOptions {
  /** This node's memory alone; null for all. */
  readonly node: number | null;
  readonly run: string;
  readonly log: RunLog;
  /** On the clock of `performance`; Infinity for never. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Told now and then the pages that both scanners have looked at. */
  readonly onProgress?: (scanned: number) => void;
  /** For tests. */
  readonly writer?: WriterProcess;
}

/**
 * The file to which "1" is written to have memory compacted, of one node (drivers/base/node.c) or of all.
 *
 * @throws VacateError kind 'usage' for a node that is not there, 'host' if this kernel cannot be asked.
 */
export function compactionFile(tree: LinuxTree, node: number | null): string {
  const path = node === null ? COMPACT_MEMORY : `${NODES}/node${node}/compact`;
  if (node !== null && tree.has(NODES) && !tree.has(`${NODES}/node${node}`)) {
    throw new VacateError('usage', `--node ${node}: ${tree.at(NODES)} has no node${node}; name one that is there`);
  }
  if (tree.has(path)) return path;
  throw new VacateError(
    'host',
    `${tree.at(path)} is not there: this kernel is built without compaction (CONFIG_COMPACTION), or what runs here ` +
      'may not see it, as in a container.',
  );
}

/**
 * Asks the kernel to compact memory, and measures what came of it. The kernel is interrupted when time is up or the
 * signal fires: what it has moved by then stays moved, which does no harm.
 *
 * @throws VacateError kind 'host' if it cannot be begun; what the kernel says of it is in the answer.
 */
export async function compactMemory(tree: LinuxTree, options: CompactionOptions): Promise<CompactionRun> {
  const path = compactionFile(tree, options.node);
  const writer = options.writer ?? new WriterProcess();
  try {
    const identity = await writer.ready();
    const { log, run } = options;
    const counters = readCompactionCounters(tree);
    const before = readFreeMemory(tree);
    log.append({ kind: 'write', run, nr: 1, path, word: WORD, block: null, before: null, writer: identity });
    const begun = performance.now();
    const ended = await writeWithin(tree, writer, { ...options, path: tree.at(path), counters });
    const seconds = (performance.now() - begun) / 1000;
    log.append({ kind: 'wrote', run, nr: 1, error: ended.error });
    const after = readFreeMemory(tree);
    const countersAfter = readCompactionCounters(tree);
    const counted = counters === null || countersAfter === null ? null : countersSince(counters, countersAfter);
    return { path, ...ended, seconds, counted, before, after };
  } finally {
    await writer.end();
  }
}

function readFreeMemory(tree: LinuxTree): FreeMemoryReading {
  return { blocks: readBuddyinfo(tree), perCpu: readPerCpuPages(tree) };
}

type Ended = Pick<CompactionRun, 'outcome' | 'error' | 'hasEnded'>;

/** One write, for as long as it may take. */
async function writeWithin(
  tree: LinuxTree,
  writer: WriterProcess,
  options: CompactionOptions & { readonly path: string; readonly counters: CompactionCounters | null },
): Promise<Ended> {
  const { path, counters, deadline, signal, onProgress } = options;
  const isOver = new AbortController();
  const writing = writer.write({ path, word: WORD }).finally(() => isOver.abort());
  while (!isOver.signal.aborted && !signal.aborted && performance.now() < deadline) {
    await sleep(Math.min(LOOK_MS, deadline - performance.now()), AbortSignal.any([isOver.signal, signal]));
    const scanned = counters === null ? null : scannedSince(tree, counters);
    if (scanned !== null) onProgress?.(scanned);
  }
  if (isOver.signal.aborted) {
    const { error } = await writing;
    return { outcome: error === null ? 'done' : 'failed', error, hasEnded: true };
  }
  const hasEnded = await writer.end();
  return { outcome: signal.aborted ? 'interrupted' : 'timeout', error: 'EINTR', hasEnded };
}

/** Until the time is up or the signal fires. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(Math.max(0, ms), undefined, { signal }).catch(() => {});
}

/** Null if it cannot be told just now. */
function scannedSince(tree: LinuxTree, before: CompactionCounters): number | null {
  try {
    const now = readCompactionCounters(tree);
    const since = now === null ? null : countersSince(before, now);
    return since === null ? null : since.compact_migrate_scanned + since.compact_free_scanned;
  } catch (error) {
    if (VacateError.is(error)) return null;
    throw error;
  }
}
