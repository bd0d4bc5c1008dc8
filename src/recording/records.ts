import type { RangeEvent } from '../events/range-events.js';
import type { Dimm } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { ZoneKind } from '../mm/zone.js';

/**
 * What was done, on which machine: enough to do it again, and to draw its map.
 *
 * @example
 * const replay = new Replay();
 * for (const chunk of chunks) replay.feed(chunk);
 * const header: RecordingHeader | null = replay.header;
 * const moments: readonly RangeMoment[] = replay.rangeEvents;
 * const latest: TimedRangeEvent | undefined = moments.at(-1);
 * const series: readonly CountersSnapshot[] = replay.countersSeries();
 * const whyNot = ({ refusal }: PageMoment): PageRefusal | null => refusal;
 * const refused: readonly RefusalTotal[] = replay.refusals;
 * [header?.strategy, latest?.event.kind, series.length > 0, refused.length]; // ["merged","run-finished",true,0]
 */
export interface RecordingHeader {
  /** As the command line was, without the program's name; none for a picture of a machine on which nothing runs. */
  readonly command: readonly string[];
  readonly machine: RecordedMachine;
  readonly seed: number | null;
  readonly strategy: string | null;
  /** Names and refusals of handlers, in the order of their numbers in page events; 0 is the service. */
  readonly outcomes: readonly RecordedHandler[];
  /** Version of vacate. */
  readonly by: string;
}

/** Which machine a run was on. */
export interface RecordedMachine {
  readonly name: string;
  readonly source: 'scenario' | 'capture' | 'live';
  /** Of the files of a capture, to know it again; absent for other machines. */
  readonly digest?: string;
  readonly kernel: string | null;
  readonly nrPfns: number;
  /** Pages of a memory block. */
  readonly blockPages: number;
  /** Pages of a pageblock. */
  readonly pageblockPages: number;
  readonly zones: ReadonlyArray<{
    readonly node: number;
    readonly kind: ZoneKind;
    readonly start: number;
    readonly end: number;
  }>;
  readonly dimms: readonly Dimm[];
}

/** A page type of the run, with its refusals. */
export interface RecordedHandler {
  readonly name: string;
  /** By code, nothing at 0. */
  readonly refusals: ReadonlyArray<{
    readonly id: string;
    readonly kind: 'retry' | 'permanent';
    readonly because: string;
  } | null>;
}

/**
 * Of pageblocks and memory blocks, as runs [value, how many], for they are alike over long stretches.
 *
 * @example
 * const allOnline: BlocksSnapshot = { migratetypes: null, states: [[BLOCK_ONLINE, 16]] };
 */
export interface BlocksSnapshot {
  /** MIGRATE_* by pageblock; null where nobody knows. */
  readonly migratetypes: ReadonlyArray<readonly [type: number, nr: number]> | null;
  /** BLOCK_* by memory block. */
  readonly states: ReadonlyArray<readonly [state: number, nr: number]>;
}

/** A range event, and when it was. */
export interface TimedRangeEvent {
  /** Since the run began, by the recorder's clock. */
  readonly ms: number;
  readonly event: RangeEvent;
}

/** Running sums. They are written about ten times a second, and after each range event. */
export interface CountersSnapshot {
  readonly ms: number;
  readonly migrated: number;
  readonly refused: number;
  readonly retried: number;
  /** Page events up to here, whether read or not. */
  readonly events: number;
  /** Free blocks of order 9 and above, as blocks of order 9. */
  readonly freeOrder9: number;
  readonly freePages: number;
  /** Refusals so far, by "handler/reason". */
  readonly refusals: Readonly<Record<string, number>>;
}

/** What a run came to. */
export interface RecordingEnd {
  readonly ms: number;
  readonly outcome: string;
  /** Of all page bytes when the run ended, and so of a replay (recording/page-hash.ts). */
  readonly hash: string;
  readonly pagesMigrated: number;
  readonly ranges: readonly PfnRange[];
}
