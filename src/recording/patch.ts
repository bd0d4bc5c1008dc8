import type { Pfn } from '../mm/units.js';
import { STATE_ARRIVED, STATE_REFUSED } from '../picture/page-bytes.js';
import { KIND_FREE } from '../picture/page-kinds.js';
import { damaged } from './damaged.js';
import { joined } from './joined.js';
import { looks } from './page-pieces.js';

const RUN_HEADER_BYTES = 8;
/** So many pages that are alike between two runs cost no more than a header. */
const GAP_PAGES = RUN_HEADER_BYTES;
/** A patch is written when it has so many bytes. */
const PATCH_BYTES = 256 * 1024;

/** Collects runs of pages into payloads of patches, and hands them out when they are large enough. */
export class PatchWriter {
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(private readonly write: (payload: Uint8Array) => void) {}

  /** What makes the pages `known`, from pfn `start` on, what they are `now`; `known` becomes that. */
  addDifferences(known: Uint8Array, now: Uint8Array, start: Pfn): void {
    const nextDifference = searchIn(known, now);
    for (let at = nextDifference(0); at < now.length; ) {
      const end = endOfRun(known, now, at);
      for (let i = at; i < end; i++) known[i] = shownOf(known[i]!, now[i]!);
      this.add(start + at, known.subarray(at, end));
      at = nextDifference(end);
    }
  }

  add(start: Pfn, bytes: Uint8Array): void {
    const run = runOfPages(start, bytes);
    this.#pieces.push(run);
    this.#length += run.length;
    if (this.#length >= PATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    this.write(joined(this.#pieces, this.#length));
    this.#pieces = [];
    this.#length = 0;
  }
}

/** Pages in a row, as they stand in a patch, and by themselves in a chunk of pages. */
export function runOfPages(start: Pfn, bytes: Uint8Array): Uint8Array {
  const run = new Uint8Array(RUN_HEADER_BYTES + bytes.length);
  const view = new DataView(run.buffer);
  view.setUint32(0, start, true);
  view.setUint32(4, bytes.length, true);
  run.set(bytes, RUN_HEADER_BYTES);
  return run;
}

/**
 * What is shown of a page that is so now. That it has arrived or refused is not for the machine to say, and stays shown
 * while the page is in use; so what a run comes to does not depend on when its pages were read again.
 */
function shownOf(known: number, now: number): number {
  const state = known >>> 4;
  if (state !== STATE_ARRIVED && state !== STATE_REFUSED) return now;
  return (known & 0x0f) > KIND_FREE && (now & 0x0f) > KIND_FREE ? (known & 0xf0) | (now & 0x0f) : now;
}

/** What finds the next page that differs from what is shown of it; the end if none does. `known` may change up to there. */
export function searchIn(known: Uint8Array, now: Uint8Array): (from: number) => number {
  const words = { known: wordsOf(known), now: wordsOf(now) };
  const fast = looks()?.searchIn(known, now);
  if (fast === undefined) return (from) => nextDifference(known, now, words, from);
  return (from) => {
    const at = from < fast.end ? fast.next(from) : from;
    return at < fast.end ? at : nextDifference(known, now, words, at);
  };
}

/** Most are as they were, many in a row. */
export function nextDifference(known: Uint8Array, now: Uint8Array, words: SameWords, from: number): number {
  const nrPages = now.length;
  const nrWords = Math.min(words.known.length, words.now.length);
  for (let at = from; at < nrPages; at++) {
    if (at % WORD_PAGES === 0) {
      let word = at / WORD_PAGES;
      while (word < nrWords && words.known[word] === words.now[word]) word++;
      at = word * WORD_PAGES;
      if (at >= nrPages) break;
    }
    if (known[at] !== now[at] && known[at] !== shownOf(known[at]!, now[at]!)) return at;
  }
  return nrPages;
}

/** The same pages, as many at once as a word holds. */
export interface SameWords {
  readonly known: Uint32Array;
  readonly now: Uint32Array;
}

const WORD_PAGES = Uint32Array.BYTES_PER_ELEMENT;

/** As far as they are whole words; none where they are not aligned. */
export function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  const isAligned = byteOffset % WORD_PAGES === 0;
  return new Uint32Array(buffer, isAligned ? byteOffset : 0, isAligned ? Math.floor(length / WORD_PAGES) : 0);
}

/** Behind the last page that differs before a gap. */
function endOfRun(known: Uint8Array, now: Uint8Array, start: number): number {
  let end = start + 1;
  for (let at = end; at < now.length && at - end < GAP_PAGES; at++)
    if (known[at] !== now[at] && known[at] !== shownOf(known[at]!, now[at]!)) end = at + 1;
  return end;
}

export interface PatchRun {
  readonly start: Pfn;
  readonly bytes: Uint8Array;
}

/**
 * The runs of a patch, or of a chunk of pages, which is a patch of one run.
 *
 * @throws VacateError kind 'recording' if they go beyond `nrPfns` pages or break off.
 */
export function readPatch(payload: Uint8Array, nrPfns: number): PatchRun[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const runs: PatchRun[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < RUN_HEADER_BYTES) throw damaged('a run of pages breaks off');
    const start = view.getUint32(at, true);
    const nrPages = view.getUint32(at + 4, true);
    at += RUN_HEADER_BYTES;
    if (nrPages === 0 || nrPages > payload.length - at || start + nrPages > nrPfns)
      throw damaged('a run of pages goes beyond its end');
    runs.push({ start, bytes: payload.subarray(at, at + nrPages) });
    at += nrPages;
  }
  return runs;
}
