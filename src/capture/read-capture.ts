import { expectArgument, isCallback, isObject } from '../base/arguments.js';
import { alignUp } from '../base/bits.js';
import { VacateError } from '../base/vacate-error.js';
import { journalledPages } from '../mm/buffer-cache.js';
import type { MachineImage } from '../mm/machine-image.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { formatPfn, MAX_PFN, PAGE_SIZE, PAGEBLOCK_PAGES } from '../mm/units.js';
import { CaptureFiles } from './capture-files.js';
import type { CaptureSource } from './capture-source.js';
import { mendCompoundPages } from './compound-pages.js';
import { checkCounters, checkReach } from './consistency.js';
import { findDimms } from './dimms.js';
import { tellDrift } from './drift.js';
import { markWholeFreeBlocks, parseBuddyinfo } from './free-blocks.js';
import { kernelRelease } from './kernel-release.js';
import { finishFlags, ignoreFalseKsm, translateFlags } from './kpageflags.js';
import { readMapcounts } from './mapcounts.js';
import { deriveBlocks, type MemoryBlock, parseBlockPages, parseMemoryBlocks } from './memory-blocks.js';
import { inferPageblockTypes } from './pageblock-types.js';
import { parsePagetypeinfo } from './pagetypeinfo.js';
import { imagePcp } from './per-cpu-lists.js';
import { keepOnlinePages, keepZonedPages } from './present-pages.js';
import { nameUntypedPages } from './untyped-pages.js';
import { countPages, formatCount, TAKE_AGAIN } from './wording.js';
import { deriveZones, nameZonesOf, type PlacedZone, placeZones, zoneShapes } from './zone-ranges.js';
import { parseZoneinfo } from './zoneinfo.js';

export interface ReadCaptureOptions {
  /** Told the part that is done, 0 to 1, a few times. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Reads what a real kernel said about itself, in a directory or just now, into a machine image. Only kpageflags is required; what else is missing
 * becomes a caveat, and what contradicts itself a VacateError of kind "capture".
 *
 * @example
 * const image = readCapture('captures/before-memory32');
 * for (const caveat of image.caveats) console.error(caveat);
 */
export function readCapture(from: string | CaptureSource, options: ReadCaptureOptions = {}): MachineImage {
  checkArguments(from, options);
  const caveats: string[] = [];
  const progress = options.onProgress ?? (() => {});
  const files = typeof from === 'string' ? new CaptureFiles(from) : from;
  const { nrFilePfns, nrPfns, blockPages, flags, zones, blocks, listed, nrCpus } = readLayout(files, caveats);
  progress(0.4);

  const kpagecount = files.words('kpagecount');
  const mapcounts = readMapcounts(kpagecount, nrFilePfns, flags, caveats);
  progress(0.7);
  ignoreFalseKsm(flags, caveats);
  const typeText = files.text('pagetypeinfo');
  const migratetypes = inferPageblockTypes(
    flags,
    zones,
    typeText === null ? null : parsePagetypeinfo(typeText),
    caveats,
  );
  nameUntypedPages({ flags, mapcounts, areCountsKnown: kpagecount !== null }, zones, migratetypes, caveats);
  mendCompoundPages(flags, mapcounts, caveats);
  const nrSwapCached = finishFlags(flags, mapcounts);
  tellJournalled(flags, caveats);
  tellDrift(files, countPresent(flags), caveats);
  progress(0.9);

  const kernel = kernelRelease(files);
  const sources = { dimms: files.text('dimms'), iomem: files.text('iomem'), blockPages };
  const numbers = new Set(listed?.map(({ block }) => block));
  const hasBlock = (block: number) => (listed === null ? block < nrPfns / blockPages : numbers.has(block));
  const image: MachineImage = {
    name: files.name,
    nrPfns,
    nrCpus,
    blockPages,
    zones: zoneShapes(zones, caveats),
    blocks: blocks.map(({ block, state, zoneKinds }) => ({ block, state, zoneKinds })),
    dimms: findDimms({ ...sources, hasBlock }, zones, caveats),
    flags,
    mapcounts,
    nrSwapSlots: countSwapSlots(files.text('meminfo'), nrSwapCached, nrPfns, caveats),
    kernel,
    migratetypes,
    pcp: imagePcp(zones, flags, kernel),
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
  expectArgument(isObject(options) && isCallback(options.onProgress), 'options', options, '{ onProgress }, or nothing');
}

interface Layout {
  readonly nrFilePfns: number;
  readonly nrPfns: number;
  readonly nrCpus: number;
  readonly blockPages: number;
  readonly flags: Uint32Array;
  readonly zones: readonly PlacedZone[];
  readonly blocks: readonly MemoryBlock[];
  /** As memory_blocks has them; null without that file. */
  readonly listed: readonly MemoryBlock[] | null;
}

/** Which pages there are and whose, all files agreeing. */
function readLayout(files: CaptureSource, caveats: string[]): Layout {
  const words = files.words('kpageflags');
  if (words === null) {
    throw new VacateError(
      'capture',
      `${files.where} holds no kpageflags.gz: name a directory that has /proc/kpageflags of a host, read as root, under that name.`,
    );
  }
  const nrFilePfns = words.length / 2;
  const blockPages = parseBlockPages(files.text('block_size_bytes'), caveats);
  const blockText = files.text('memory_blocks');
  const listed = blockText === null ? null : parseMemoryBlocks(blockText);
  const zoneText = files.text('zoneinfo');
  const zoneinfo = zoneText === null ? null : parseZoneinfo(zoneText);
  checkReach(nrFilePfns, zoneinfo?.zones ?? null, listed, blockPages);

  const nrPfns = reachOf(nrFilePfns, listed ?? [], blockPages);
  const flags = translateFlags(words, nrPfns);
  if (listed === null) {
    caveats.push('The capture lacks memory_blocks: a block that has a page is taken as online, every other as a hole.');
  } else keepOnlinePages(flags, listed, blockPages, caveats);
  const blocks = listed ?? deriveBlocks(flags, blockPages);
  const records = zoneinfo?.zones ?? deriveZones(listed, blockPages, nrPfns, caveats);
  const zones = placeZones(records, blocks, blockPages, caveats);
  keepZonedPages(flags, zones, caveats);
  if (flags.every((word) => word === PG_NOPAGE)) {
    throw new VacateError('capture', `kpageflags and memory_blocks leave no page of memory: ${TAKE_AGAIN}.`);
  }
  const buddyText = files.text('buddyinfo');
  markWholeFreeBlocks(flags, zones, buddyText === null ? null : parseBuddyinfo(buddyText), caveats);
  checkCounters(flags, zones, caveats);
  return {
    nrFilePfns,
    nrPfns,
    nrCpus: zoneinfo?.nrCpus ?? 1,
    blockPages,
    flags,
    zones,
    blocks: listed ?? nameZonesOf(blocks, zones, blockPages),
    listed,
  };
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

function countPresent(flags: Uint32Array): number {
  let nrPresent = 0;
  for (let pfn = 0; pfn < flags.length; pfn++) if (((flags[pfn] as number) & PG_NOPAGE) === 0) nrPresent++;
  return nrPresent;
}

function tellJournalled(flags: Uint32Array, caveats: string[]): void {
  const nr = journalledPages(flags).length;
  if (nr === 0) return;
  caveats.push(
    `${countPages(nr)} of file-system metadata, most of them dirty: their buffers are taken to be held by a journal, so ` +
      'that they cannot move until they are written.',
  );
}
