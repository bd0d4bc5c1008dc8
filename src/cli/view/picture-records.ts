import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import { runsOf } from '../../recording/block-book.js';
import type { BlocksSnapshot, RecordedMachine, RecordingHeader } from '../../recording/records.js';
import type { LookedAt } from '../open-to-look.js';

/** The header of a picture: nothing runs, so nothing can have come of it. */
export function headerOf(open: LookedAt, by: string): RecordingHeader {
  return { command: [], machine: recordedMachine(open), seed: open.seed, strategy: null, outcomes: [], by };
}

function recordedMachine({ host, book, source }: LookedAt): RecordedMachine {
  const { nrPfns, kernel = null, blockPages, zones, dimms } = host.layout;
  return {
    ...{ name: book.spec.name, source, kernel, nrPfns, blockPages, pageblockPages: PAGEBLOCK_PAGES },
    zones: zones.map(({ node, kind, start, end }) => ({ node, kind, start, end })),
    dimms,
  };
}

/** What pageblocks and memory blocks say of themselves. */
export function blocksOfHost({ host, captured }: LookedAt): BlocksSnapshot {
  const { nrPfns, blockPages } = host.layout;
  const states = Uint8Array.from({ length: Math.ceil(nrPfns / blockPages) }, (_, block) => host.blockState(block));
  const isKnown = captured === null || (captured.image.migratetypes ?? null) !== null;
  const types = Uint8Array.from({ length: Math.ceil(nrPfns / PAGEBLOCK_PAGES) }, (_, pageblock) =>
    host.free.migratetype(pageblock * PAGEBLOCK_PAGES),
  );
  return { migratetypes: isKnown ? runsOf(types) : null, states: runsOf(states) };
}
