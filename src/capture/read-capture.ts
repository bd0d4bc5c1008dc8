import { expectArgument, isCallback, isObject } from '../base/arguments.js';
import { alignUp } from '../base/bits.js';
import { VacateError } from '../base/vacate-error.js';
import type { MachineImage } from '../mm/machine-image.js';
import { PG_KSM } from '../mm/page-flags.js';
import { formatPfn, MAX_PFN, PAGE_SIZE, PAGEBLOCK_PAGES } from '../mm/units.js';
import { CaptureFiles } from './capture-files.js';
import type { CaptureSource, StreamedSource } from './capture-source.js';
import { type Census, censusOf, countMerged, type Merged, presentIn } from './census.js';
import { checkCounters, checkReach } from './consistency.js';
import { findDimms } from './dimms.js';
import { tellDrift } from './drift.js';
import { finishPages } from './finish-pages.js';
import { markWholeFreeBlocks, parseBuddyinfo } from './free-blocks.js';
import { kernelRelease } from './kernel-release.js';
import { dropKsm, isKsmFalse } from './kpageflags.js';
import { type CapturedPages, capturedPages, MappingReader } from './mappings.js';
import { deriveBlocks, type MemoryBlock, parseBlockPages, parseMemoryBlocks } from './memory-blocks.js';
import type { PageFileReader } from './page-file-reader.js';
import { PageTable } from './page-table.js';
import { inferPageblockTypes } from './pageblock-types.js';
import { parsePagetypeinfo } from './pagetypeinfo.js';
import { imagePcp } from './per-cpu-lists.js';
import { type CountedFlags, keepOnlinePages, keepZonedPages } from './present-pages.js';
import { nameUntypedPages } from './untyped-pages.js';
import { countPages, formatCount, TAKE_AGAIN } from './wording.js';
import { deriveZones, nameZonesOf, type PlacedZone, placeZones, zoneShapes } from './zone-ranges.js';
import { parseZoneinfo } from './zoneinfo.js';

/** What is not streamed is looked at in pieces that fit into a cache. */
const PIECE_WORDS = 2 ** 16;

export interface ReadCaptureOptions {
  /** Told the part that is done, 0 to 1, a few times. */
  readonly onProgress?: (fraction: number) => void;
  /**
   * False: `mapcounts` of the image are not wanted, and are 0. How a page looks decides what it would do, not how often it
   * is mapped; so who only asks that saves two bytes a page.
   */
  readonly mapcounts?: boolean;
  /** Told what kpageflags alone says, while the rest is still to be read; see `FirstLook`. */
  readonly onFlags?: (look: FirstLook) => void;
}

/**
 * A capture of which kpageflags has been read and nothing else that is large. What its flags say of a few pages may change
 * yet: of those on per-CPU lists, of broken compound pages, of those without a type. They are the reader's own: whoever
 * is told looks at them at once, or copies them.
 */
export type FirstLook = Pick<
  MachineImage,
  'name' | 'nrPfns' | 'blockPages' | 'zones' | 'blocks' | 'dimms' | 'kernel' | 'flags'
>;

/**
 * Reads what a real kernel said about itself, in a directory or just now, into a machine image. Only kpageflags is required; what else is missing
 * becomes a caveat, and what contradicts itself a VacateError of kind "capture".
 *
 * @example
 * const image = readCapture('captures/host7');
 * for (const caveat of image.caveats) console.error(caveat);
 */
export function readCapture(from: string | CaptureSource, options: ReadCaptureOptions = {}): MachineImage {
  checkArguments(from, options);
  const files = typeof from === 'string' ? new CaptureFiles(from) : from;
  const steps = captureSteps(files, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    readWhole(files, step.value);
  }
}

/**
 * The same, piece by piece: of a file that has a word for every page no more than a piece is in memory. A compressed file
 * is unpacked by other threads meanwhile. It takes 6 to 7 bytes a page.
 */
export async function streamCapture(files: StreamedSource, options: ReadCaptureOptions = {}): Promise<MachineImage> {
  checkArguments(files, options);
  const steps = captureSteps(files, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await files.stream(step.value);
  }
}

/** A file as /proc has it is read in pieces, another in one. */
export function readWhole(files: CaptureSource, file: PageFileReader): void {
  if (files instanceof CaptureFiles && files.readPlain(file)) return;
  const words = files.words(file.name);
  if (words === null) return;
  file.begin(words.length / 2);
  for (let at = 0; at < words.length; at += PIECE_WORDS) file.add(words.subarray(at, at + PIECE_WORDS));
}

/** Reads a capture; whoever drives it reads the page files that it asks for. */
function* captureSteps(
  files: CaptureSource,
  { onProgress: progress = () => {}, mapcounts = true, onFlags }: ReadCaptureOptions,
): Generator<PageFileReader, MachineImage> {
  const caveats: string[] = [];
  const table = new PageTable(files, (part) => progress(0.4 * part));
  yield table;
  const { nrPfns, blockPages, flags, zones, blocks, listed, nrCpus, census, merged } = readLayout(
    files,
    table,
    caveats,
  );
  progress(0.4);
  const kernel = kernelRelease(files);
  const sources = { dimms: files.text('dimms'), iomem: files.text('iomem'), blockPages };
  const numbers = new Set(listed?.map(({ block }) => block));
  const hasBlock = (block: number) => (listed === null ? block < nrPfns / blockPages : numbers.has(block));
  const shapesOf = (told: string[]) => ({
    ...{ name: files.name, nrPfns, blockPages, zones: zoneShapes(zones, told) },
    blocks: blocks.map(({ block, state, zoneKinds }) => ({ block, state, zoneKinds })),
    ...{ dimms: findDimms({ ...sources, hasBlock }, zones, told), kernel, flags },
  });
  onFlags?.(shapesOf([]));

  const pages = capturedPages(flags, mapcounts);
  const mappings = new MappingReader(pages, zones, table.nrPages, (part) => progress(0.4 + 0.3 * part));
  if (merged !== null && isKsmFalse(merged, caveats)) dropKsm(flags);
  yield mappings;
  mappings.finish(caveats);
  progress(0.7);
  const typeText = files.text('pagetypeinfo');
  const types = inferPageblockTypes(
    { flags, census },
    zones,
    typeText === null ? null : parsePagetypeinfo(typeText),
    caveats,
  );
  nameUntypedPages(pages, mappings.found, zones, { census, types }, caveats);
  finishPages(pages, census, caveats);
  tellJournalled(pages, caveats);
  tellDrift(files, presentIn(census, [{ start: 0, end: nrPfns }]), caveats);
  progress(0.9);

  const image: MachineImage = {
    ...shapesOf(caveats),
    nrCpus,
    mapcounts: pages.mapcounts,
    nrSwapSlots: countSwapSlots(files.text('meminfo'), pages.nrSwapCached, nrPfns, caveats),
    migratetypes: types,
    pcp: imagePcp(zones, pages, kernel),
    caveats,
  };
  progress(1);
  return image;
}

function checkArguments(from: unknown, options: unknown): void {
  const isSource = isObject(from) && ['text', 'textBeside', 'words'].every((name) => typeof from[name] === 'function');
  const isPath = typeof from === 'string' && from !== '' && !from.includes('\0');
  expectArgument(
    isSource || isPath,
    'what a capture is read from',
    from,
    'the path of a directory, or a CaptureSource',
  );
  const areOptions =
    isObject(options) &&
    isCallback(options.onProgress) &&
    isCallback(options.onFlags) &&
    ['boolean', 'undefined'].includes(typeof options.mapcounts);
  expectArgument(areOptions, 'options', options, '{ onProgress, mapcounts, onFlags }, or nothing');
}

interface Layout {
  readonly nrPfns: number;
  readonly nrCpus: number;
  readonly blockPages: number;
  readonly flags: Uint32Array;
  readonly census: Census;
  /** Null if no page has the KSM flag. */
  readonly merged: Merged | null;
  readonly zones: readonly PlacedZone[];
  readonly blocks: readonly MemoryBlock[];
  /** As memory_blocks has them; null without that file. */
  readonly listed: readonly MemoryBlock[] | null;
}

/** Which pages there are and whose, all files agreeing. */
function readLayout(files: CaptureSource, table: PageTable, caveats: string[]): Layout {
  const nrFilePfns = table.nrPages;
  if (nrFilePfns === null) {
    throw new VacateError(
      'capture',
      `${files.where} holds no kpageflags.gz: name a directory that has /proc/kpageflags of a host, read as root, under that name.`,
    );
  }
  const blockPages = parseBlockPages(files.text('block_size_bytes'), caveats);
  const blockText = files.text('memory_blocks');
  const listed = blockText === null ? null : parseMemoryBlocks(blockText);
  const zoneText = files.text('zoneinfo');
  const zoneinfo = zoneText === null ? null : parseZoneinfo(zoneText);
  checkReach(nrFilePfns, zoneinfo?.zones ?? null, listed, blockPages);

  const nrPfns = reachOf(nrFilePfns, listed ?? [], blockPages);
  const counted = { flags: table.flagsOf(nrPfns), census: table.census };
  const { flags } = counted;
  if (listed === null) {
    caveats.push('The capture lacks memory_blocks: a block that has a page is taken as online, every other as a hole.');
  } else keepOnlinePages(counted, listed, blockPages, caveats);
  const blocks = listed ?? deriveBlocks(flags, blockPages);
  const records = zoneinfo?.zones ?? deriveZones(listed, blockPages, nrPfns, caveats);
  const zones = placeZones(records, blocks, blockPages, caveats);
  keepZonedPages(counted, zones, caveats);
  if (presentIn(counted.census, [{ start: 0, end: nrPfns }]) === 0) {
    throw new VacateError('capture', `kpageflags and memory_blocks leave no page of memory: ${TAKE_AGAIN}.`);
  }
  const { census, merged } = checkedCensus(files, { counted, zones, hasKsm: table.hasKsm }, caveats);
  return {
    nrPfns,
    nrCpus: zoneinfo?.nrCpus ?? 1,
    blockPages,
    flags,
    census,
    merged,
    zones,
    blocks: listed ?? nameZonesOf(blocks, zones, blockPages),
    listed,
  };
}

function checkedCensus(
  files: CaptureSource,
  { counted, zones, hasKsm }: { counted: CountedFlags; zones: readonly PlacedZone[]; hasKsm: boolean },
  caveats: string[],
): Pick<Layout, 'census' | 'merged'> {
  const { flags } = counted;
  let { census } = counted;
  const buddyText = files.text('buddyinfo');
  const buddyinfo = buddyText === null ? null : parseBuddyinfo(buddyText);
  if (markWholeFreeBlocks(flags, census, zones, buddyinfo, caveats)) census = censusOf(flags, PG_KSM);
  checkCounters(census, zones, caveats);
  // Counted as if the KSM flag meant nothing; where it does mean something, a page with it is not one without a flag.
  const merged = hasKsm ? countMerged(flags, census) : null;
  if (merged !== null && merged.nrKsm > 0 && !isKsmFalse(merged, [])) census = censusOf(flags, 0);
  return { census, merged };
}

/**
 * Memory that never came online may lie behind the last page of kpageflags, but not far behind: a number that no host has
 * would make a machine of a tebibyte out of a few bytes.
 */
const BEYOND_TIMES_MAX = 16;

/** kpageflags may end inside the last pageblock or block; the image does not. */
function reachOf(nrFilePfns: number, blocks: readonly MemoryBlock[], blockPages: number): number {
  let nrPfns = alignUp(nrFilePfns, Math.max(PAGEBLOCK_PAGES, blockPages));
  const farthest = nrPfns * BEYOND_TIMES_MAX;
  for (const { block } of blocks) nrPfns = Math.max(nrPfns, (block + 1) * blockPages);
  if (nrPfns > farthest && nrPfns <= MAX_PFN + 1) {
    throw new VacateError(
      'capture',
      `memory_blocks goes up to ${formatPfn(nrPfns - 1)}, and kpageflags ends at ${formatPfn(nrFilePfns - 1)}, far before ` +
        `it: ${TAKE_AGAIN}.`,
    );
  }
  if (nrPfns <= MAX_PFN + 1) return nrPfns;
  throw new VacateError(
    'capture',
    `The capture describes ${formatCount(nrPfns)} pages, and at most ${formatCount(MAX_PFN + 1)} (1 TiB) can be ` +
      'handled: capture a machine with less physical address space.',
  );
}

/**
 * As many as swap space has, and never fewer than pages that sit in the swap cache; nor more than could still be used,
 * when every page of the machine is swapped out.
 */
function countSwapSlots(meminfo: string | null, nrSwapCached: number, nrPfns: number, caveats: string[]): number {
  const swapTotalKiB = /^SwapTotal:\s+(\d{1,15}) kB$/m.exec(meminfo ?? '')?.[1];
  const nrSlots = swapTotalKiB === undefined ? 0 : Math.floor((Number(swapTotalKiB) * 1024) / PAGE_SIZE);
  if (swapTotalKiB === undefined && nrSwapCached > 0) {
    caveats.push(
      `The capture lacks meminfo: swap space is taken to be the ${formatCount(nrSwapCached)} pages in the swap cache.`,
    );
  }
  return Math.max(Math.min(nrSlots, nrPfns + nrSwapCached), nrSwapCached);
}

/** A journal is taken to be at work on all metadata of a pageblock in which some is dirty (`journalledPages`). */
function tellJournalled({ metadataIn, dirtyIn }: CapturedPages, caveats: string[]): void {
  const nrJournalled = metadataIn.reduce((sum, nr, pageblock) => (dirtyIn[pageblock] === 0 ? sum : sum + nr), 0);
  if (nrJournalled === 0) return;
  caveats.push(
    `${countPages(nrJournalled)} of file-system metadata, most of them dirty: their buffers are taken to be held by a journal, so ` +
      'that they cannot move until they are written.',
  );
}
