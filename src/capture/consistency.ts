import { VacateError } from '../base/vacate-error.js';
import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { formatPfn, PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Census, FREE, pagesIn, presentIn } from './census.js';
import type { MemoryBlock } from './memory-blocks.js';
import { countPages, formatCount, TAKE_AGAIN } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';
import type { ZoneRecord } from './zoneinfo.js';

/** Part of a zone by which two files may differ and still describe one moment. */
const TOLERANCE = 0.05;
/** By so much they may differ on a busy host, where a zone fills while it is read; further apart are two machines. */
const BUSY_TOLERANCE = 0.25;

/** No file may speak of memory that kpageflags does not reach: one of them is then of another machine, or cut short. */
export function checkReach(
  nrFilePfns: number,
  zones: readonly ZoneRecord[] | null,
  blocks: readonly MemoryBlock[] | null,
  blockPages: number,
): void {
  for (const { kind, end } of zones ?? []) {
    if (end <= nrFilePfns) continue;
    throw new VacateError(
      'capture',
      `zoneinfo has zone ${kind} up to ${formatPfn(end - 1)}, and kpageflags ends at ${formatPfn(nrFilePfns - 1)}: ` +
        `${TAKE_AGAIN}.`,
    );
  }
  for (const { block, state } of blocks ?? []) {
    if (state === BLOCK_OFFLINE || block * blockPages < nrFilePfns) continue;
    throw new VacateError(
      'capture',
      `memory_blocks says that memory${block} is online, and kpageflags ends at ${formatPfn(nrFilePfns - 1)}, before ` +
        `it: ${TAKE_AGAIN}, and check that block_size_bytes is the machine's own.`,
    );
  }
}

/** What zoneinfo counted must be there, near enough. */
export function checkCounters(census: Census, zones: readonly PlacedZone[], caveats: string[]): void {
  let nrManaged = 0;
  let nrPresent = 0;
  for (const zone of zones) {
    const { counters } = zone.record;
    if (counters === null) return;
    nrManaged += counters.nrManaged;
    nrPresent += presentIn(census, zone.ranges);
    checkFree(pagesIn(census, zone.ranges, FREE), zone, nameOf(zone, zones), caveats);
  }
  if (nrManaged <= nrPresent * (1 + TOLERANCE)) return;
  throw new VacateError(
    'capture',
    `zoneinfo counts ${countPages(nrManaged)} of memory and kpageflags has ${formatCount(nrPresent)}: they are not ` +
      `of the same machine and moment, ${TAKE_AGAIN}.`,
  );
}

/**
 * Pages travel between the buddy allocator and the per-CPU lists all the time, so those on lists count as leeway; so
 * does a pageblock that two zones share, as one of them has it whole here.
 */
function checkFree(nrFree: number, { record }: PlacedZone, name: string, caveats: string[]): void {
  if (record.counters === null) return;
  const { nrFree: nrExpected, nrPcp, nrManaged } = record.counters;
  const nrRounded = [record.start, record.end].filter((pfn) => pfn % PAGEBLOCK_PAGES !== 0).length * PAGEBLOCK_PAGES;
  const apart = Math.abs(nrFree - nrExpected) - nrPcp - nrRounded;
  if (apart <= nrManaged * TOLERANCE) return;
  const counted = `${name} has ${countPages(nrFree, 'free')} in kpageflags and ${formatCount(nrExpected)} in zoneinfo`;
  if (apart <= nrManaged * BUSY_TOLERANCE) {
    caveats.push(`${counted}: much happened between the two, and kpageflags is believed.`);
    return;
  }
  throw new VacateError(
    'capture',
    `${counted}: too much happened between the two, ${TAKE_AGAIN}, when less is going on.`,
  );
}
