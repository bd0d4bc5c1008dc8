import type { Outcome } from '../../events/page-events.js';
import type { MemoryHost } from '../../host/memory-host.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_OFFLINE } from '../../mm/memory-block.js';
import { FREE_FLAGS } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import { usedPages } from '../evacuate.js';

/** Drivers let go of what they can, in all blocks (MEM_GOING_OFFLINE): before any page is asked whether it goes. */
export function tellDrivers(host: MemoryHost, blocks: readonly BlockId[]): void {
  for (const block of blocks) host.goingOffline?.(block);
}

/** Drivers take back what they let go of in those blocks that have stayed (MEM_CANCEL_OFFLINE). */
export function tellDriversOfTheRest(host: MemoryHost, blocks: readonly BlockId[]): void {
  for (const block of blocks) if (host.blockState(block) !== BLOCK_OFFLINE) host.cancelOffline?.(block);
}

/** Why a page keeps its block from going: 0 if it would go itself, or may stay where it is while the block goes. */
export function obstacleOf(service: MigrationService, pfn: Pfn): Outcome {
  const outcome = service.judge(pfn);
  return outcome !== 0 && service.staysWhenOffline(pfn) ? 0 : outcome;
}

/** Pages of the ranges that are in use and have to leave, ascending if the ranges are. */
export function leavingPages(service: MigrationService, ranges: readonly PfnRange[]): Uint32Array {
  return service.looking(() => usedPages(service.host, ranges).filter((pfn) => !service.staysWhenOffline(pfn)));
}

/** True if nothing of a range is in use but what may stay (test_pages_isolated). Per-CPU lists have been drained. */
export function isVacated(service: MigrationService, range: PfnRange): boolean {
  return service.looking(() => isNothingLeft(service, range));
}

function isNothingLeft(service: MigrationService, { start, end }: PfnRange): boolean {
  const { flags } = service.host.columns;
  for (let pfn = start; pfn < end; pfn++)
    if ((flags[pfn]! & FREE_FLAGS) === 0 && !service.staysWhenOffline(pfn)) return false;
  return true;
}
