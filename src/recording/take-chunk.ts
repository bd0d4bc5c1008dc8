import { WORDS_PER_EVENT } from '../events/page-events.js';
import {
  CHUNK_BLOCKS,
  CHUNK_COUNTERS,
  CHUNK_END,
  CHUNK_HEADER,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PATCH,
  CHUNK_RANGE_EVENT,
  type Chunk,
} from './chunk.js';
import { damaged } from './damaged.js';
import { parseBlocks, parseCounters, parseEnd, parseHeader, parseRangeEvent } from './parse-records.js';
import { readPatch } from './patch.js';
import type { RecordingEnd, RecordingHeader } from './records.js';
import type { Stage } from './stage.js';
import type { Timeline } from './timeline.js';
import { unpackPageEvents } from './unpack-events.js';

/** What a chunk told that is no moment of the run. */
interface Taken {
  readonly header?: RecordingHeader;
  readonly end?: RecordingEnd;
}

/**
 * Looks at the next chunk of a run and puts it where it belongs. All of it is looked at here, once, so that whoever
 * steps through the run later meets nothing that he has to refuse.
 *
 * @throws VacateError kind 'recording', with nothing changed, for a chunk that does not come there or says nonsense.
 */
export function takeChunk(
  { kind, payload }: Chunk,
  header: RecordingHeader | null,
  stage: Stage | null,
  timeline: Timeline,
  end: RecordingEnd | null,
): Taken {
  if (end !== null) throw damaged('it goes on behind its end');
  if (kind === CHUNK_HEADER) {
    if (header !== null) throw damaged('it has two headers');
    return { header: parseHeader(payload) };
  }
  if (header === null || stage === null) throw damaged('it does not begin with a header');
  const { nrPfns } = header.machine;
  if (kind === CHUNK_PAGES) {
    for (const { start, bytes } of readPatch(payload, nrPfns)) stage.setPages(start, bytes);
    return {};
  }
  if (kind === CHUNK_BLOCKS) {
    const snapshot = parseBlocks(payload);
    if (!stage.isSet) stage.set(snapshot);
    else {
      stage.checkBlocks(snapshot);
      timeline.add({ kind, payload: NOTHING, nrEvents: 0, ms: null, record: snapshot });
    }
    return {};
  }
  if (!stage.isSet) throw damaged('it shows what happened before it shows memory');
  return takeMoment({ kind, payload }, nrPfns, timeline);
}

/** What has been read need not be kept. */
const NOTHING = new Uint8Array(0);

function takeMoment({ kind, payload }: Chunk, nrPfns: number, timeline: Timeline): Taken {
  switch (kind) {
    case CHUNK_PAGE_EVENTS: {
      const nrEvents = unpackPageEvents(payload, nrPfns).length / WORDS_PER_EVENT;
      if (nrEvents > 0) timeline.batches.push(timeline.add({ kind, payload, nrEvents, ms: null, record: null }));
      return {};
    }
    case CHUNK_RANGE_EVENT: {
      const record = parseRangeEvent(payload, nrPfns);
      const { moment, event } = timeline.add({ kind, payload: NOTHING, nrEvents: 0, ms: record.ms, record });
      timeline.rangeEvents.push({ ...record, moment: moment + 1, pageEvents: event });
      return {};
    }
    case CHUNK_COUNTERS: {
      const record = parseCounters(payload);
      timeline.counters.push(timeline.add({ kind, payload: NOTHING, nrEvents: 0, ms: record.ms, record }));
      return {};
    }
    case CHUNK_PATCH:
      readPatch(payload, nrPfns);
      timeline.add({ kind, payload, nrEvents: 0, ms: null, record: null });
      return {};
    default: {
      if (kind !== CHUNK_END) throw damaged('it has a chunk of no known kind');
      const end = parseEnd(payload);
      timeline.add({ kind, payload: NOTHING, nrEvents: 0, ms: end.ms, record: end });
      return { end };
    }
  }
}
