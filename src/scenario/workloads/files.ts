import { assert } from '../../base/assert.js';
import { PG_DIRTY } from '../../mm/page-flags.js';
import { NO_PAGE } from '../../mm/units.js';
import { readFilePage, readPage, writeFilePage, writePage } from '../../sim/access.js';
import { unmapVma, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile, deleteFile } from '../../sim/files.js';
import { findInCache } from '../../sim/page-cache.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../sim/writeback.js';
import { choose } from '../choose.js';
import { FILES_PER_PROCESS } from '../demand.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, expectDone, type Load, mapRun, newProcess, type Run, type Site } from './load.js';

interface CachedFile {
  readonly file: number;
  /** Page of the workload at which the file begins. */
  readonly first: number;
  /** Where processes map it. */
  readonly runs: readonly Run[];
}

const words = new Uint32Array(2);

/** The page cache: reads and writes files, through mappings and without, and writes some of it back at once. */
export class FilesLoad implements Load {
  left: number;
  readonly #files: CachedFile[];
  readonly #mapped: Uint8Array;
  readonly #dirty: Uint8Array;
  readonly #buffers: Uint8Array;
  #at = 0;

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'files'>,
  ) {
    const { size, mapped, dirty, buffers } = workload;
    this.left = size;
    this.#mapped = choose(size, mapped, 'random', site.prng);
    this.#dirty = choose(size, dirty, 'random', site.prng);
    this.#buffers = choose(size, buffers, 'random', site.prng);
    this.#files = openFiles(site, workload);
  }

  fill(nrPages: number): void {
    const end = this.left - Math.min(this.left, nrPages);
    let writes = 0;
    for (; this.left > end; this.left--) {
      const page = this.#mapped.length - this.left;
      while (page >= (this.#files[this.#at + 1]?.first ?? Number.POSITIVE_INFINITY)) this.#at++;
      if (this.#cachePage(this.#files[this.#at] as CachedFile, page)) writes++;
    }
    if (writes > 0) advance(this.site.machine, cpuOf(this.site, 0), WRITE_LATENCY_NS);
  }

  release(): void {
    const { site, workload } = this;
    const kept = choose(this.#files.length, workload.keepFiles, 'even', site.prng);
    for (const [at, { file, runs }] of this.#files.entries()) {
      if (kept[at] !== 0) continue;
      for (const run of runs) unmapVma(site.machine, run.cpu, run.vma);
      assert(deleteFile(site.machine, cpuOf(site, 0), file), 'nobody has locked a page before trouble begins');
    }
  }

  /** Brings one page into the state that chance chose for it; true if its write to disk is under way. */
  #cachePage({ file, first, runs }: CachedFile, at: number): boolean {
    const { site } = this;
    const m = site.machine;
    const cpu = cpuOf(site, 0);
    const page = at - first;
    const mapped = this.#mapped[at] !== 0;
    const dirty = this.#dirty[at] !== 0;
    const buffers = this.#buffers[at] !== 0;
    if (buffers || (dirty && !mapped)) {
      const { lo, hi } = site.contents.next();
      expectDone(site, writeFilePage(m, cpu, file, page, lo, hi, buffers));
    } else if (readFilePage(m, cpu, file, page) === NO_PAGE) site.fail('finds no free page; make it smaller');
    if (mapped) {
      for (const run of runs) expectDone(site, readPage(m, run.cpu, run.mm, run.start + page, words));
      if (dirty && !buffers) this.#writeMapped(runs[0] as Run, page);
    }
    const pfn = findInCache(m, (m.mapBase[file] as number) + page);
    return !dirty && ((m.flags[pfn] as number) & PG_DIRTY) !== 0 && startWriteback(m, pfn);
  }

  #writeMapped(run: Run, page: number): void {
    const { lo, hi } = this.site.contents.next();
    expectDone(this.site, writePage(this.site.machine, run.cpu, run.mm, run.start + page, lo, hi));
  }
}

function openFiles(site: Site, { size, files, mapped, processes }: WorkloadOf<'files'>): CachedFile[] {
  const opened: CachedFile[] = [];
  let mappers: { readonly mm: number; readonly cpu: number }[] = [];
  let first = 0;
  for (let i = 0; i < Math.min(files, size); i++) {
    const nrPages = Math.floor(size / files) + (i < size % files ? 1 : 0);
    const file = createFile(site.machine, nrPages);
    if (mapped > 0 && i % FILES_PER_PROCESS === 0) mappers = startMappers(site, processes);
    const request = { flags: VM_SHARED | VM_WRITE, file };
    opened.push({ file, first, runs: mappers.map(({ mm, cpu }) => mapRun(site, mm, cpu, nrPages, request)) });
    first += nrPages;
  }
  return opened;
}

function startMappers(site: Site, processes: number): { mm: number; cpu: number }[] {
  return Array.from({ length: processes }, (_, i) => {
    const cpu = cpuOf(site, i);
    return { mm: newProcess(site, cpu), cpu };
  });
}
