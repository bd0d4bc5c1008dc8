import { codeOf, WORDS_PER_EVENT } from '../events/page-events.js';
import { NO_PAGE } from '../mm/units.js';
import { damaged } from './damaged.js';
import { CHUNK_EVENTS_MAX } from './pack-events.js';

/**
 * The words of the events again, WORDS_PER_EVENT for each.
 *
 * @param nrPfns pages that the machine has: no event may name another.
 * @throws VacateError kind 'recording' for a payload that no packer wrote.
 */
export function unpackPageEvents(payload: Uint8Array, nrPfns: number): Uint32Array {
  const reader = new VarintReader(payload);
  const nrEvents = reader.next();
  // An event takes a byte at least, that of its source.
  if (nrEvents > CHUNK_EVENTS_MAX || nrEvents > payload.length) throw damaged(`a chunk says it has ${nrEvents} events`);
  const words = new Uint32Array(nrEvents * WORDS_PER_EVENT);
  takeRuns(reader, words, nrEvents);
  takeDistances(reader, words, 0, nrPfns);
  takeDistances(reader, words, 1, nrPfns);
  if (reader.at !== payload.length) throw damaged('a chunk of page events goes on behind its last event');
  return words;
}

/** Outcomes, and in the place of each target whether there will be one. */
function takeRuns(reader: VarintReader, words: Uint32Array, nrEvents: number): void {
  const nrRuns = reader.next();
  let event = 0;
  for (let run = 0; run < nrRuns; run++) {
    const key = reader.next();
    const nr = reader.next();
    if (nr === 0 || nr > nrEvents - event || key > 0x1ffff) throw damaged('outcomes of page events make no sense');
    const outcome = key >>> 1;
    const target = (key & 1) === 0 ? NO_PAGE : 0;
    if (target === NO_PAGE && codeOf(outcome) === 0) throw damaged('a page has moved to nowhere');
    for (const end = event + nr; event < end; event++) {
      words[event * WORDS_PER_EVENT + 1] = target;
      words[event * WORDS_PER_EVENT + 2] = outcome;
    }
  }
  if (event !== nrEvents) throw damaged('outcomes of page events are missing');
}

function takeDistances(reader: VarintReader, words: Uint32Array, column: 0 | 1, nrPfns: number): void {
  const { bytes } = reader;
  let { at } = reader;
  let expected = 0;
  for (let word = column; word < words.length; word += WORDS_PER_EVENT) {
    if (column === 1 && words[word] === NO_PAGE) continue;
    let byte = bytes[at++]!;
    let coded = byte & 0x7f;
    for (let shift = 7; byte > 0x7f && shift < 32; shift += 7) {
      byte = bytes[at++]!;
      coded |= (byte & 0x7f) << shift;
    }
    const pfn = (expected + ((coded >>> 1) ^ -(coded & 1))) >>> 0;
    if (pfn >= nrPfns || byte > 0x7f || at > bytes.length) throw damaged('a page event names a page that is not there');
    words[word] = pfn;
    expected = pfn + 1;
  }
  reader.at = at;
}

class VarintReader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value = (value | ((byte & 0x7f) << shift)) >>> 0;
      if (byte <= 0x7f) return value;
    }
    throw damaged('a number in a chunk of page events has no end');
  }
}
