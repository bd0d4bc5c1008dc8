import type { MigrationService } from '../migration/migration-service.js';
import { blockRange } from '../mm/memory-block.js';
import { PG_HWPOISON, PG_MOVABLE_OPS, PG_OFFLINE } from '../mm/page-flags.js';
import type { BlockId } from '../mm/units.js';

const OUT_OF_SERVICE = PG_OFFLINE | PG_MOVABLE_OPS | PG_HWPOISON;

/**
 * Pages of a block that drivers have taken out of service and do not let go of when the block goes. Drivers have to be told
 * (MEM_GOING_OFFLINE) before anybody knows, and are told at once that it does not go after all: the machine is as it was
 * then, to the byte. For machines on which nobody notices, so not for a real one.
 */
export function nrKeptByDrivers(service: MigrationService, block: BlockId): number {
  const { host } = service;
  const { flags } = host.columns;
  const { start, end } = blockRange(block, host.layout.blockPages);
  let kept = 0;
  host.goingOffline?.(block);
  try {
    for (let pfn = start; pfn < end; pfn++)
      if ((flags[pfn]! & OUT_OF_SERVICE) === PG_OFFLINE && !service.staysWhenOffline(pfn)) kept++;
  } finally {
    host.cancelOffline?.(block);
  }
  return kept;
}
