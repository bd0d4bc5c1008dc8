import type { Pfn } from '../../mm/units.js';
import { kindOfByte } from '../../picture/page-bytes.js';
import { countsById, newCounts } from '../../picture/page-kinds.js';
import type { RecordingSource } from './recording-source.js';
import { pageByteText } from './replay-words.js';

export function replayJson({ replay, path, nrBytes, isCutOff }: RecordingSource) {
  const { header, end, moment, length, event, nrEvents, ms, msTotal, counters, refusals, rangeEvents } = replay;
  return {
    command: 'replay',
    file: path,
    bytes: nrBytes,
    isCutOff,
    header: header === null ? null : { ...header, outcomes: header.outcomes.map(({ name }) => name) },
    pageEvents: nrEvents,
    moments: length,
    ms: msTotal,
    rangeEvents: rangeEvents.map(({ pageEvents, ms: at, event: what }) => ({ ms: at, pageEvents, ...what })),
    end,
    at: {
      moment,
      pageEvent: event,
      ms,
      pagesMigrated: replay.pagesMigrated,
      refusals,
      counters,
      hash: replay.isReady ? replay.hash() : null,
      pages: countsById(countKindsOf(replay.pages)),
    },
  };
}

export function pageJson({ replay, path }: RecordingSource, pfn: Pfn) {
  return {
    command: 'replay',
    file: path,
    pfn,
    at: { moment: replay.moment, pageEvent: replay.event, is: pageByteText(replay.pages[pfn]!) },
    events: replay.eventsOf(pfn, Number.POSITIVE_INFINITY),
  };
}

function countKindsOf(pages: Uint8Array): Uint32Array {
  const counts = newCounts();
  for (let pfn = 0; pfn < pages.length; pfn++) {
    const kind = kindOfByte(pages[pfn]!);
    counts[kind] = counts[kind]! + 1;
  }
  return counts;
}
