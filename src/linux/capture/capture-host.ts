import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { printable } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import type { LinuxTree } from '../linux-tree.js';
import type { FindOwnersOptions } from '../owners/owners.js';
import { readChunks } from '../pages/page-chunks.js';
import { expectedPages } from '../pages/page-file.js';
import { noSuchFile, openPageFile, type PageReader, WORD_BYTES } from '../pages/page-reader.js';
import { captureOwners, OWNERS_DIRECTORY, type WrittenFile } from './capture-owners.js';
import {
  changedBlock,
  readDeviceEvents,
  readMovingTexts,
  readSteadyTexts,
  TEXTS_OPTIONAL,
  TEXTS_WANTED,
  type Texts,
} from './capture-texts.js';
import { GzipFile } from './gzip-file.js';
import { type DriftCounters, driftSentence, type HostDrift, readDriftCounters } from './host-drift.js';
import { cannotWrite, NewDirectory } from './new-directory.js';

const FLAGS = 'kpageflags';
const PAGE_FILES = [FLAGS, 'kpagecount'];
const OWNER_PAGE_FILES = ['kpagecgroup'];
const CONSISTENCY = 'consistency';
/** Longer than any (__NEW_UTS_LEN, 64). */
const RELEASE_LENGTH_MAX = 100;

export interface CaptureStep {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'pages' | 'processes';
}

export interface CaptureHostOptions {
  /** The directory to be made. */
  readonly out: string;
  /** How many read pages at a time; by default 2 where there are as many CPUs. */
  readonly readers?: 1 | 2 | undefined;
  /** Also who maps what, and which memory cgroup pays for what. */
  readonly owners?: boolean | undefined;
  /** Replaces an earlier capture. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (step: CaptureStep) => void;
}

export interface HostCapture {
  readonly kernel: string | null;
  readonly pages: number;
  readonly readers: 1 | 2;
  /** From the first page to the last. */
  readonly seconds: number;
  readonly files: readonly WrittenFile[];
  /** Null for a copied tree, of which nobody knows how long it took. */
  readonly consistency: (HostDrift & { readonly sentence: string }) | null;
  /** Null unless asked for. */
  readonly owners: { readonly processes: number; readonly pages: number } | null;
  /** What the capture lacks, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Takes a capture of a host: the directory that `readCapture` reads. It is there whole or not at all. Pages come first,
 * as they take longest, and the counters that they are compared with right after them.
 *
 * @throws VacateError kind 'usage' if there is something at its place; kind 'host' if the host cannot be read, changes
 *   its memory blocks meanwhile, or nothing can be written; the signal's reason if it is aborted.
 */
export async function captureHost(tree: LinuxTree, options: CaptureHostOptions): Promise<HostCapture> {
  const notes: string[] = [];
  const names = options.owners === true ? [...PAGE_FILES, ...OWNER_PAGE_FILES] : PAGE_FILES;
  const readers = await openAll(tree, names, notes);
  try {
    const directory = await NewDirectory.create(options.out, options.force === true ? isCaptureFile : null);
    try {
      const capture = await takeCapture(tree, readers, directory, options, notes);
      options.signal?.throwIfAborted();
      await directory.finish();
      return capture;
    } finally {
      await directory.discard();
    }
  } finally {
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  }
}

function isCaptureFile(name: string): boolean {
  const plain = name.replace(/\.gz$/, '');
  if ([...PAGE_FILES, ...OWNER_PAGE_FILES].includes(plain)) return true;
  return name in TEXTS_WANTED || TEXTS_OPTIONAL.includes(name) || [CONSISTENCY, OWNERS_DIRECTORY].includes(name);
}

/** By name. The first must be there; what a capture lacks without one of the others is noted. */
async function openAll(tree: LinuxTree, names: readonly string[], notes: string[]): Promise<Map<string, PageReader>> {
  const readers = new Map<string, PageReader>();
  for (const name of names) {
    const reader = await openPageFile(tree, `/proc/${name}`);
    if (reader !== null) readers.set(name, reader);
    else if (name === FLAGS) throw noSuchFile(tree, `/proc/${name}`);
    else notes.push(`There is no ${tree.at(`/proc/${name}`)}, so the capture lacks it.`);
  }
  return readers;
}

async function takeCapture(
  tree: LinuxTree,
  files: ReadonlyMap<string, PageReader>,
  directory: NewDirectory,
  options: CaptureHostOptions,
  notes: string[],
): Promise<HostCapture> {
  const readers = options.readers ?? (availableParallelism() > 1 ? 2 : 1);
  const events = readDeviceEvents(tree);
  const before = readDriftCounters(tree);
  const since = performance.now();
  const [{ pages, sizes }, steady] = await both(
    zipPages(tree, files, directory, { ...options, readers }),
    takeSteadyTexts(tree, directory, notes),
  );
  const seconds = (performance.now() - since) / 1000;
  const after = readDriftCounters(tree);
  const texts = readMovingTexts(tree);
  checkSameBlocks(tree, events, steady.texts);
  const consistency = tree.isLive ? drift(seconds, before, after, pages) : null;
  if (consistency !== null) texts.set(CONSISTENCY, `${JSON.stringify(consistency, null, 2)}\n`);
  const owners = options.owners === true ? await captureOwners(tree, pages, directory, ownerOptions(options)) : null;
  const written = [...sizes, ...steady.files, ...(await writeTexts(directory, texts)), ...(owners?.files ?? [])];
  return {
    kernel: kernelOf(tree),
    pages,
    readers,
    seconds,
    files: written,
    consistency,
    owners: owners === null ? null : { processes: owners.processes, pages: owners.pages },
    notes: [...notes, ...missingTexts(tree, written), ...(owners?.notes ?? [])],
  };
}

/** For people; of a copied tree it may be anything. */
function kernelOf(tree: LinuxTree): string | null {
  const release = tree.value('/proc/sys/kernel/osrelease');
  return release === null ? null : printable(release.slice(0, RELEASE_LENGTH_MAX));
}

/** Waits for both, also when one fails: what is discarded then must not be written to any more. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

async function takeSteadyTexts(
  tree: LinuxTree,
  directory: NewDirectory,
  notes: string[],
): Promise<{ texts: Texts; files: WrittenFile[] }> {
  const texts = await readSteadyTexts(tree, notes);
  return { texts, files: await writeTexts(directory, texts) };
}

async function writeTexts(directory: NewDirectory, texts: Texts): Promise<WrittenFile[]> {
  const writing = [...texts].map(([name, text]) => directory.write(name, text));
  await Promise.allSettled(writing);
  return Promise.all(writing);
}

function ownerOptions({ signal, onProgress }: CaptureHostOptions): FindOwnersOptions {
  const label = 'looking whose they are';
  return { signal, onProgress: (done, total) => onProgress?.({ label, done, total, unit: 'processes' }) };
}

/** Streams the page files into the directory, compressed. */
async function zipPages(
  tree: LinuxTree,
  files: ReadonlyMap<string, PageReader>,
  directory: NewDirectory,
  { readers, signal, onProgress }: CaptureHostOptions,
): Promise<{ pages: number; sizes: WrittenFile[] }> {
  const zips: GzipFile[] = [];
  const total = expectedPages(tree) ?? 0;
  let done = 0;
  try {
    for (const name of files.keys()) {
      zips.push(
        await GzipFile.create(join(directory.path, `${name}.gz`)).catch((cause: unknown) => {
          throw cannotWrite(directory.target, cause);
        }),
      );
    }
    const length = await readChunks([...files.values()], { readers, signal }, async ({ index, pieces }) => {
      done += pieces[0]!.length / WORD_BYTES;
      onProgress?.({ label: 'reading pages', done, total: Math.max(total, done), unit: 'pages' });
      await Promise.all(zips.map((zip, at) => zip.put(index, pieces[at]!))).catch((cause: unknown) => {
        throw cannotWrite(directory.target, cause);
      });
    });
    checkReach(tree, length / WORD_BYTES, total);
    const sizes = [...files.keys()].map((name, at) => ({ name: `${name}.gz`, bytes: zips[at]!.nrBytes }));
    return { pages: length / WORD_BYTES, sizes };
  } finally {
    await Promise.all(zips.map((zip) => zip.close()));
  }
}

/** A host's own file always reaches the end of its highest zone; a copy of it may have been cut short. */
function checkReach(tree: LinuxTree, pages: number, nrExpected: number): void {
  if (pages > 0 && pages >= nrExpected) return;
  const path = tree.at(`/proc/${FLAGS}`);
  throw new VacateError(
    'host',
    `${path} ends after ${pages} pages${nrExpected > 0 ? `, and zones reach up to page ${nrExpected}` : ''}: ` +
      `${tree.isLive ? 'try again' : 'it was cut short, copy it again'}.`,
  );
}

function missingTexts(tree: LinuxTree, written: readonly WrittenFile[]): string[] {
  const host = tree.isLive ? 'This host' : 'The copied tree';
  const names = new Set(written.map(({ name }) => name));
  const missing = Object.entries(TEXTS_WANTED).filter(([name]) => !names.has(name));
  return missing.map(([name, what]) => `${host} does not say ${what}: the capture lacks ${name}.`);
}

/** Blocks that come or go while pages are read leave a capture that is true at no moment. */
function checkSameBlocks(tree: LinuxTree, events: string | null, texts: Texts): void {
  if (events !== null && events === readDeviceEvents(tree)) return;
  const changed = changedBlock(tree, texts.get('memory_blocks'));
  if (changed === null) return;
  throw new VacateError(
    'host',
    `Memory blocks came or went while pages were read (${changed}): take the capture again when that is over.`,
  );
}

function drift(seconds: number, before: DriftCounters, after: DriftCounters, pages: number) {
  const apart: HostDrift = { seconds: Number(seconds.toFixed(3)), before, after };
  return { sentence: driftSentence(apart, pages), ...apart };
}
