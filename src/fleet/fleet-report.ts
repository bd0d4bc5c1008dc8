import type { RefusalKind } from '../handler/refusal.js';
import { PAGE_SIZE, PAGEBLOCK_PAGES } from '../mm/units.js';
import { type FailedHost, type Formable, type HostResult, type HostRow, isFailed } from './host-row.js';

const BYTES_2M = PAGEBLOCK_PAGES * PAGE_SIZE;
const BYTES_1G = 2 ** 30;

/** Huge pages of one size, over all hosts. */
export interface FleetFormable extends Formable {
  /** Hosts without a single free one: 23 % of servers, for 2 MiB, in Contiguitas (ISCA 2023). */
  readonly hostsWithoutFree: number;
  /** Memory in places where none can be made while the host runs. */
  readonly bytesStuck: number;
  /** The same as a share of all memory in such places, 0 to 1; 0 if there is none. */
  readonly shareStuck: number;
}

/** One reason, over all hosts. */
export interface FleetReason {
  readonly reason: string;
  readonly kind: RefusalKind;
  readonly pages: number;
  readonly blocks: number;
  readonly hosts: number;
}

/** Answers to what is asked of a fleet. */
export interface FleetReport {
  readonly hosts: number;
  readonly bytes: number;
  readonly bytesFree: number;
  readonly blocksOnline: number;
  readonly blocksWillGo: number;
  readonly bytesWillGo: number;
  /** Null if no size was asked for. */
  readonly need: FleetNeed | null;
  readonly oneWayDoors: { readonly blocks: number; readonly bytes: number; readonly hosts: readonly HostRow[] };
  readonly hugePages2M: FleetFormable;
  readonly hugePages1G: FleetFormable;
  /** Most pages first. */
  readonly reasons: readonly FleetReason[];
  readonly failed: readonly FailedHost[];
}

export interface FleetNeed {
  readonly askedBytes: number;
  /** Hosts that can give it now, the cheapest first. */
  readonly can: readonly HostRow[];
  /** Hosts that cannot, those that come nearest first. */
  readonly cannot: readonly HostRow[];
  /** What all of `can` would have to copy. */
  readonly bytesToMove: number;
}

/** Answers from rows, which may come in any order: hosts of equal rank stand by name. */
export function fleetReport(results: readonly HostResult[]): FleetReport {
  const rows = results.flatMap((result) => (isFailed(result) ? [] : [result])).sort(byName);
  const sum = (of: (row: HostRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const doors = rows.filter(({ oneWayDoors }) => oneWayDoors.length > 0).sort((a, b) => doorBytes(b) - doorBytes(a));
  return {
    hosts: rows.length,
    bytes: sum(({ bytes }) => bytes),
    bytesFree: sum(({ bytesFree }) => bytesFree),
    blocksOnline: sum(({ blocksOnline }) => blocksOnline),
    blocksWillGo: sum(({ blocksWillGo }) => blocksWillGo),
    bytesWillGo: sum(({ bytesWillGo }) => bytesWillGo),
    need: needOf(rows),
    oneWayDoors: { blocks: sum(({ oneWayDoors }) => oneWayDoors.length), bytes: sum(doorBytes), hosts: doors },
    hugePages2M: formableOf(
      rows.map(({ hugePages2M }) => hugePages2M),
      BYTES_2M,
    ),
    hugePages1G: formableOf(
      rows.map(({ hugePages1G }) => hugePages1G),
      BYTES_1G,
    ),
    reasons: reasonsOf(rows),
    failed: results.filter(isFailed).sort(byName),
  };
}

function byName(a: HostResult, b: HostResult): number {
  return compareText(a.host, b.host) || compareText(a.where, b.where);
}

/** The same on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function doorBytes({ oneWayDoors, blockBytes }: HostRow): number {
  return oneWayDoors.length * blockBytes;
}

function needOf(rows: readonly HostRow[]): FleetNeed | null {
  const asked = rows.flatMap((row) => (row.need === null ? [] : [{ row, need: row.need }]));
  const [first] = asked;
  if (first === undefined) return null;
  const can = asked.filter(({ need }) => need.enough).sort((a, b) => a.need.bytesToMove - b.need.bytesToMove);
  const cannot = asked.filter(({ need }) => !need.enough).sort((a, b) => b.need.bytes - a.need.bytes);
  return {
    askedBytes: first.need.askedBytes,
    can: can.map(({ row }) => row),
    cannot: cannot.map(({ row }) => row),
    bytesToMove: can.reduce((total, { need }) => total + need.bytesToMove, 0),
  };
}

function formableOf(hosts: readonly Formable[], bytesEach: number): FleetFormable {
  const sum = (of: (host: Formable) => number) => hosts.reduce((total, host) => total + of(host), 0);
  const places = sum((host) => host.places);
  const stuck = sum((host) => host.stuck);
  return {
    places,
    stuck,
    free: sum((host) => host.free),
    hostsWithoutFree: hosts.filter((host) => host.free === 0).length,
    bytesStuck: stuck * bytesEach,
    shareStuck: places === 0 ? 0 : stuck / places,
  };
}

function reasonsOf(rows: readonly HostRow[]): FleetReason[] {
  const byReason = new Map<string, FleetReason>();
  for (const { reasons } of rows)
    for (const { reason, kind, pages, blocks } of reasons) {
      const there = byReason.get(reason) ?? { reason, kind, pages: 0, blocks: 0, hosts: 0 };
      byReason.set(reason, {
        ...there,
        pages: there.pages + pages,
        blocks: there.blocks + blocks,
        hosts: there.hosts + 1,
      });
    }
  return [...byReason.values()].sort((a, b) => b.pages - a.pages || compareText(a.reason, b.reason));
}
