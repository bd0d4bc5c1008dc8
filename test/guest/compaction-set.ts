import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VacateError } from 'vacate';

/*
 * What a kernel did to get free blocks of order 9, beside the capture taken just before: a folder with `kernel`,
 * `before-JOB`, and a table of one line a step. Those of the recorded captures are read too, which know less.
 */

/** `compact`: one write to compact_memory. `huge`: nr_hugepages raised. */
export type CompactionJob = 'compact' | 'huge';
export const COMPACTION_JOBS: readonly CompactionJob[] = ['compact', 'huge'];

/** By the kernel's own counters; null where nobody wrote it down. */
export interface KernelFigures {
  /** Free blocks of order 9 before; one of order 10 counts as two. */
  readonly freeBefore: number;
  /** More of them than before, free or in the pool of huge pages. */
  readonly blocks: number;
  /** Pages: pgmigrate_success and pgmigrate_fail. */
  readonly moved: number;
  readonly failed: number;
  /** Pages: pgsteal of everybody. */
  readonly reclaimed: number | null;
  readonly migrateScanned: number | null;
  readonly freeScanned: number | null;
  readonly seconds: number;
}

export interface CompactionSet {
  /** The capture from before. */
  readonly capture: string;
  /** As `uname -r` has it. */
  readonly release: string;
  readonly job: CompactionJob;
  /** Workload and seed, or what the folder is called. */
  readonly filledBy: string;
  readonly kernel: KernelFigures;
}

const TABLES: Readonly<Record<CompactionJob, string>> = { compact: 'compact.tsv', huge: 'huge.tsv' };

/** Where the capture from before belongs. */
export function captureOf(folder: string, job: CompactionJob): string {
  return join(folder, `before-${job}`);
}

/** @throws {VacateError} kind 'capture' if the folder is no such set. */
export function readCompactionSet(folder: string): CompactionSet {
  const job = COMPACTION_JOBS.find((each) => existsSync(join(folder, TABLES[each])));
  if (job === undefined)
    throw new VacateError(
      'capture',
      `${folder} has neither compact.tsv nor huge.tsv; name a folder that --keep has made`,
    );
  const capture = captureOf(folder, job);
  const rows = readTable(join(folder, TABLES[job]));
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined || !existsSync(join(folder, 'kernel')) || !existsSync(capture))
    throw new VacateError(
      'capture',
      `${folder} lacks kernel, ${basename(capture)} or a line in ${TABLES[job]}; name one that is whole`,
    );
  const freeBefore = first.order9_before ?? order9In(readFileSync(join(capture, 'buddyinfo'), 'utf8'));
  // Who wrote down no end of the free list has at least what got into the pool.
  const after = (last.got ?? 0) + (last.order9_after ?? 0);
  return {
    capture,
    release: readFileSync(join(folder, 'kernel'), 'utf8').trim(),
    job,
    filledBy: existsSync(join(folder, 'workload'))
      ? readFileSync(join(folder, 'workload'), 'utf8').trim()
      : basename(folder),
    kernel: {
      freeBefore,
      blocks: after - freeBefore,
      moved: sumOf(rows, 'migrated') ?? 0,
      failed: sumOf(rows, 'failed') ?? 0,
      reclaimed: sumOf(rows, 'reclaimed'),
      migrateScanned: sumOf(rows, 'migrate_scanned'),
      freeScanned: sumOf(rows, 'free_scanned'),
      seconds: sumOf(rows, 'seconds') ?? 0,
    },
  };
}

/** A step as the recorded tables have it, its names those of their headings. */
export type Step = Readonly<Partial<Record<string, number>>>;

/** Writes what `readCompactionSet` reads, beside the capture. */
export function writeCompactionSet(folder: string, job: CompactionJob, texts: Texts, step: Step): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), `${text}\n`);
  const lines = [Object.keys(step), Object.values(step)].map((words) => words.join('\t'));
  writeFileSync(join(folder, TABLES[job]), `${lines.join('\n')}\n`);
}

interface Texts {
  readonly kernel: string;
  readonly policy: string;
  readonly workload: string;
}

/** Columns by name; a word that is no number (the "what" of compact.tsv) is left out. */
function readTable(path: string): Step[] {
  const [heading = '', ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const names = heading.split('\t');
  return lines.map((line) => {
    const words = line.split('\t').map((word, at) => [names[at] ?? '', Number(word)] as const);
    return Object.fromEntries(words.filter(([, value]) => Number.isFinite(value)));
  });
}

function sumOf(rows: readonly Step[], name: string): number | null {
  if (rows.some((row) => row[name] === undefined)) return null;
  return rows.reduce((sum, row) => sum + row[name]!, 0);
}

/** Free blocks of order 9 by /proc/buddyinfo, a larger one as several. */
export function order9In(buddyinfo: string): number {
  let blocks = 0;
  for (const line of buddyinfo.split('\n')) {
    const free = (/zone +\w+ +([\d ]+)$/.exec(line.trimEnd())?.[1] ?? '').trim().split(/ +/).map(Number);
    for (let order = 9; order < free.length; order++) blocks += free[order]! * 2 ** (order - 9);
  }
  return blocks;
}
