import { WORDS_PER_EVENT } from '../events/page-events.js';
import { NO_PAGE } from '../mm/units.js';
import { type KernelMemory, kernelMemory } from '../simd/kernels.js';

/**
 * Page events in a chunk, column by column. Pages are taken in ascending order and go to neighbours, so that distances
 * are small, and outcomes are alike over long stretches.
 *
 *     payload = nrEvents nrRuns (outcome << 1 | hasTargets, nrEvents)* distance of each source, distance of each target
 *
 * All are LEB128 varints; a distance is from the page after the last one, zigzag-coded, modulo 2^32. Events of a run
 * without targets have none in the last column.
 */
export const CHUNK_EVENTS_MAX = 65_536;
const VARINT_BYTES = 5;

/** Events that kernels take at once; more go the plain way. */
const KERNEL_EVENTS = 8192;
const WORD_BYTES = 4;
/** Two numbers for each run of events, and two for each event; and how many there are of both. */
const RUNS_BYTES = VARINT_BYTES * 2 * KERNEL_EVENTS;
const PACKED_BYTES = VARINT_BYTES * (2 + 4 * KERNEL_EVENTS);
const RUNS_AT = KERNEL_EVENTS * WORDS_PER_EVENT * WORD_BYTES;
const PACKED_AT = RUNS_AT + RUNS_BYTES;

let kept: KernelMemory | null | undefined;

/**
 * By kernels, if there are any and the events are not too many.
 *
 * @param words as in a `PageEventBatch`; of at most CHUNK_EVENTS_MAX events.
 */
export function packPageEvents(words: Uint32Array, nrEvents: number): Uint8Array {
  if (kept === undefined) kept = kernelMemory(PACKED_AT + PACKED_BYTES);
  if (kept === null || nrEvents > KERNEL_EVENTS) return packPageEventsPlainly(words, nrEvents);
  const { buffer, kernels } = kept;
  new Uint32Array(buffer, 0, nrEvents * WORDS_PER_EVENT).set(words.subarray(0, nrEvents * WORDS_PER_EVENT));
  const end = kernels.packPageEvents(0, nrEvents, RUNS_AT, PACKED_AT);
  return new Uint8Array(buffer, PACKED_AT, end - PACKED_AT).slice();
}

/** The reference. */
export function packPageEventsPlainly(words: Uint32Array, nrEvents: number): Uint8Array {
  const runs = runsOf(words, nrEvents);
  const bytes = new Uint8Array(VARINT_BYTES * (2 + runs.length + 2 * nrEvents));
  let at = putVarint(bytes, 0, nrEvents);
  at = putVarint(bytes, at, runs.length / 2);
  for (const value of runs) at = putVarint(bytes, at, value);
  at = putDistances(bytes, at, words, 0, nrEvents);
  at = putDistances(bytes, at, words, 1, nrEvents);
  return bytes.slice(0, at);
}

/** Pairs of outcome and whether there is a target, and how many events in a row have it so. */
function runsOf(words: Uint32Array, nrEvents: number): number[] {
  const runs: number[] = [];
  for (let at = 0, end = nrEvents * WORDS_PER_EVENT; at < end; ) {
    const first = at;
    const outcome = words[at + 2]!;
    const hasTarget = words[at + 1]! !== NO_PAGE;
    while (at < end && words[at + 2]! === outcome && (words[at + 1]! !== NO_PAGE) === hasTarget) at += WORDS_PER_EVENT;
    runs.push((outcome << 1) | (hasTarget ? 1 : 0), (at - first) / WORDS_PER_EVENT);
  }
  return runs;
}

/** The column at word 0 or 1 of each event; targets that are none are passed over. */
function putDistances(bytes: Uint8Array, start: number, words: Uint32Array, column: 0 | 1, nrEvents: number): number {
  let at = start;
  let expected = 0;
  for (let word = column, end = nrEvents * WORDS_PER_EVENT; word < end; word += WORDS_PER_EVENT) {
    const pfn = words[word]!;
    if (column === 1 && pfn === NO_PAGE) continue;
    const distance = (pfn - expected) | 0;
    expected = pfn + 1;
    let rest = ((distance << 1) ^ (distance >> 31)) >>> 0;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  return at;
}

function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
