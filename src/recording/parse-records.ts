import type { RangeEvent } from '../events/range-events.js';
import { BLOCK_STATE_NAMES, type BlockState } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { MAX_PFN } from '../mm/units.js';
import { ZONE_KINDS } from '../mm/zone.js';
import { damaged } from './damaged.js';
import { type Fields, fieldsOf, listOf, oneOf, textOf, wholeOf } from './json-fields.js';
import type {
  BlocksSnapshot,
  CountersSnapshot,
  RecordedHandler,
  RecordedMachine,
  RecordingEnd,
  RecordingHeader,
  TimedRangeEvent,
} from './records.js';

/*
 * Readers of the JSON of a recording, which may come from anybody. Each takes a payload and gives the record, or throws
 * VacateError kind 'recording'. Texts hold nothing that a terminal would obey.
 */

const NR_PFNS_MAX = MAX_PFN + 1;
const SEED_MAX = 2 ** 32 - 1;

export function parseHeader(payload: Uint8Array): RecordingHeader {
  const fields = readFields(payload);
  const { seed, strategy, command, outcomes, by, machine } = fields;
  return {
    command: listOf(command, textOf),
    machine: machineOf(fieldsOf(machine)),
    seed: seed === null ? null : wholeOf(seed, SEED_MAX),
    strategy: strategy === null ? null : textOf(strategy),
    outcomes: listOf(outcomes, handlerOf),
    by: textOf(by),
  };
}

function machineOf(fields: Fields): RecordedMachine {
  const nrPfns = wholeOf(fields.nrPfns, NR_PFNS_MAX);
  return {
    name: textOf(fields.name),
    source: oneOf(fields.source, ['scenario', 'capture', 'live'] as const),
    ...(fields.digest === undefined ? {} : { digest: textOf(fields.digest) }),
    kernel: fields.kernel === null ? null : textOf(fields.kernel),
    nrPfns,
    blockPages: wholeOf(fields.blockPages, NR_PFNS_MAX, 1),
    pageblockPages: wholeOf(fields.pageblockPages, NR_PFNS_MAX, 1),
    zones: listOf(fields.zones, (zone) => {
      const { node, kind, ...range } = fieldsOf(zone);
      return { node: wholeOf(node, SEED_MAX), kind: oneOf(kind, ZONE_KINDS), ...rangeIn(range, nrPfns) };
    }),
    dimms: listOf(fields.dimms, (dimm) => {
      const { name, node, range } = fieldsOf(dimm);
      return { name: textOf(name), node: wholeOf(node, SEED_MAX), range: rangeIn(range, nrPfns) };
    }),
  };
}

function handlerOf(value: unknown): RecordedHandler {
  const { name, refusals } = fieldsOf(value);
  const refusalOf = (refusal: unknown) => {
    if (refusal === null) return null;
    const { id, kind, because } = fieldsOf(refusal);
    return { id: textOf(id), kind: oneOf(kind, ['retry', 'permanent'] as const), because: textOf(because) };
  };
  return { name: textOf(name), refusals: listOf(refusals, refusalOf) };
}

export function parseBlocks(payload: Uint8Array): BlocksSnapshot {
  const { migratetypes, states } = readFields(payload);
  const runsOf = (value: unknown) =>
    listOf(value, (run): readonly [number, number] => {
      const pair = listOf(run, (number) => wholeOf(number, NR_PFNS_MAX));
      if (pair.length !== 2) throw damaged('a run of blocks is no pair');
      return [pair[0]!, pair[1]!];
    });
  return { migratetypes: migratetypes === null ? null : runsOf(migratetypes), states: runsOf(states) };
}

export function parseRangeEvent(payload: Uint8Array, nrPfns: number): TimedRangeEvent {
  const { ms, event } = readFields(payload);
  return { ms: timeOf(ms), event: rangeEventOf(fieldsOf(event), nrPfns) };
}

function rangeEventOf(fields: Fields, nrPfns: number): RangeEvent {
  const { kind } = fields;
  const range = () => rangeIn(fields.range, nrPfns);
  switch (kind) {
    case 'run-started':
      return {
        kind,
        frontEnd: oneOf(fields.frontEnd, ['high-order', 'offline', 'reclaim'] as const),
        strategy: textOf(fields.strategy),
        ranges: listOf(fields.ranges, (each) => rangeIn(each, nrPfns)),
      };
    case 'range-isolated':
    case 'range-isolation-undone':
    case 'block-made':
      return { kind, range: range() };
    case 'pass-started': {
      const mode = wholeOf(fields.mode, 2) as 0 | 1 | 2;
      return { kind, pass: wholeOf(fields.pass, SEED_MAX), mode, pages: wholeOf(fields.pages, NR_PFNS_MAX) };
    }
    case 'block-state': {
      const state = wholeOf(fields.state, BLOCK_STATE_NAMES.length - 1) as BlockState;
      return { kind, block: wholeOf(fields.block, NR_PFNS_MAX), state };
    }
    case 'pages-left':
      return { kind, block: wholeOf(fields.block, NR_PFNS_MAX), pages: wholeOf(fields.pages, NR_PFNS_MAX) };
    case 'refused':
      return { kind, range: range(), reason: textOf(fields.reason) };
    case 'run-finished':
      return {
        kind,
        outcome: oneOf(fields.outcome, ['done', 'partial', 'refused', 'failed', 'interrupted'] as const),
      };
    default:
      throw damaged('a range event is of no known kind');
  }
}

export function parseCounters(payload: Uint8Array): CountersSnapshot {
  const fields = readFields(payload);
  const count = (name: keyof CountersSnapshot) => wholeOf(fields[name], Number.MAX_SAFE_INTEGER);
  const refusals: Record<string, number> = Object.create(null);
  for (const [reason, pages] of Object.entries(fieldsOf(fields.refusals)))
    refusals[reason] = wholeOf(pages, Number.MAX_SAFE_INTEGER);
  return {
    ms: timeOf(fields.ms),
    migrated: count('migrated'),
    refused: count('refused'),
    retried: count('retried'),
    events: count('events'),
    freeOrder9: count('freeOrder9'),
    freePages: count('freePages'),
    refusals,
  };
}

export function parseEnd(payload: Uint8Array): RecordingEnd {
  const { ms, outcome, hash, pagesMigrated, ranges } = readFields(payload);
  return {
    ms: timeOf(ms),
    outcome: textOf(outcome),
    hash: textOf(hash),
    pagesMigrated: wholeOf(pagesMigrated, Number.MAX_SAFE_INTEGER),
    ranges: listOf(ranges, (range) => rangeIn(range, NR_PFNS_MAX)),
  };
}

function readFields(payload: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch (cause) {
    throw damaged('a record is no JSON', cause);
  }
  return fieldsOf(value);
}

function timeOf(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw damaged('a time is none');
}

function rangeIn(value: unknown, nrPfns: number): PfnRange {
  const fields = fieldsOf(value);
  const start = wholeOf(fields.start, nrPfns);
  return { start, end: wholeOf(fields.end, nrPfns, start) };
}
