import { VacateError } from '../../base/vacate-error.js';
import { handlerOf } from '../../events/page-events.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { MIGRATETYPE_NAMES } from '../../mm/migratetype.js';
import { FREE_FLAGS, formatFlags, PG_NOPAGE } from '../../mm/page-flags.js';
import type { PageOwners } from '../../mm/page-owners.js';
import { MAX_PAGE_ORDER, PAGE_SIZE, type Pfn } from '../../mm/units.js';
import { markFreeOrders } from '../../picture/free-orders.js';
import { isInBuddy, stateOfByte, writePageBytes } from '../../picture/page-bytes.js';
import { kindOf, PAGE_KINDS } from '../../picture/page-kinds.js';
import type { PageAnswer } from '../../server/view-source.js';
import { ownerText } from '../forecast/forecast-reasons.js';
import type { LookedAt } from '../open-to-look.js';
import { countOf } from '../wording.js';

/** Nobody reads more names. */
const OWNERS_SHOWN_MAX = 16;
const AREA_PAGES = 2 ** MAX_PAGE_ORDER;

export interface Asked {
  readonly open: LookedAt;
  readonly service: MigrationService;
  /** Null if nobody knows. */
  readonly owners: PageOwners | null;
}

/**
 * All that is known of a page.
 *
 * @throws VacateError kind 'range' if the machine has no such page.
 */
export function answerPage({ open, service, owners }: Asked, pfn: Pfn): PageAnswer {
  const { host, image } = open;
  const { nrPfns, blockPages, zones } = host.layout;
  if (pfn >= nrPfns)
    throw new VacateError(
      'range',
      `page ${pfn} lies behind the last of the machine, which has ${countOf(nrPfns, 'page')}`,
    );
  image?.show({ start: pfn, end: pfn + 1 });
  const flags = host.columns.flags[pfn]!;
  const zone = zones[host.zoneOf(pfn)];
  const block = Math.floor(pfn / blockPages);
  const named = flags === 0 || (flags & PG_NOPAGE) !== 0 ? [] : formatFlags(flags).split('|');
  const known = owners?.ownersOf(pfn) ?? null;
  return {
    ...{ pfn, address: `0x${(pfn * PAGE_SIZE).toString(16)}`, flags: named, kind: PAGE_KINDS[kindOf(flags)]!.id },
    ...{ order: orderOf(host.columns.flags, pfn), block, blockState: BLOCK_STATE_NAMES[host.blockState(block)] },
    zone: zone === undefined ? null : `node ${zone.node} ${zone.kind}`,
    migratetype: typeOf(open, pfn),
    owners: known === null ? null : known.slice(0, OWNERS_SHOWN_MAX).map(ownerText),
    ownersMore: Math.max(0, (known?.length ?? 0) - OWNERS_SHOWN_MAX),
    ...verdictOn(service, pfn, flags),
  };
}

/** Of the free block that the page is part of; null if buddy does not have it. */
function orderOf(flags: Uint32Array, pfn: Pfn): number | null {
  const start = pfn - (pfn % AREA_PAGES);
  const end = Math.min(flags.length, start + AREA_PAGES);
  const bytes = new Uint8Array(end - start);
  writePageBytes(flags, start, end, bytes, 0);
  markFreeOrders(bytes, 0, bytes.length);
  const byte = bytes[pfn - start]!;
  return isInBuddy(byte) ? stateOfByte(byte) : null;
}

function typeOf({ host, captured }: LookedAt, pfn: Pfn): string | null {
  const isKnown = captured === null || (captured.image.migratetypes ?? null) !== null;
  return isKnown && host.zoneOf(pfn) >= 0 ? MIGRATETYPE_NAMES[host.free.migratetype(pfn)] : null;
}

type Verdict = Pick<PageAnswer, 'goes' | 'because' | 'handler'>;

/** Would it go? Of free memory, and where there is none, nobody asks. */
function verdictOn(service: MigrationService, pfn: Pfn, flags: number): Verdict {
  if ((flags & (FREE_FLAGS | PG_NOPAGE)) !== 0) return { goes: null, because: null, handler: null };
  const { handlers } = service;
  const outcome = service.judge(pfn);
  if (outcome === 0) return { goes: true, because: null, handler: handlers.names[handlers.handlerFor(flags)] ?? null };
  return {
    goes: false,
    because: handlers.refusal(outcome).because,
    handler: handlers.names[handlerOf(outcome)] ?? null,
  };
}
