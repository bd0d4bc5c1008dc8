import type { FirstLook } from '../../capture/index.js';
import type { MemoryLayout } from '../../host/memory-host.js';
import { BLOCK_ABSENT } from '../../mm/memory-block.js';
import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import { runsOf } from '../../recording/block-book.js';
import type { BlocksSnapshot, RecordedMachine, RecordingHeader } from '../../recording/records.js';
import type { LookedAt } from '../open-to-look.js';

/** The header of a picture: nothing runs, so nothing can have come of it. */
export function headerOf({ host, book, source, seed }: LookedAt, by: string): RecordingHeader {
  return headerWith(recordedMachine(book.spec.name, host.layout, source), seed, by);
}

/** The same of a capture that is still being read. */
export function headerOfLook(look: FirstLook, by: string): RecordingHeader {
  return headerWith(recordedMachine(look.name, look, 'capture'), null, by);
}

function headerWith(machine: RecordedMachine, seed: number | null, by: string): RecordingHeader {
  return { command: [], machine, seed, strategy: null, outcomes: [], by };
}

type Shape = Pick<MemoryLayout, 'nrPfns' | 'kernel' | 'blockPages' | 'zones' | 'dimms'>;

function recordedMachine(name: string, layout: Shape, source: LookedAt['source']): RecordedMachine {
  const { nrPfns, kernel = null, blockPages, zones, dimms } = layout;
  return {
    ...{ name, source, kernel, nrPfns, blockPages, pageblockPages: PAGEBLOCK_PAGES },
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

/** The same of a capture that is still being read: of pageblocks nothing is known yet. */
export function blocksOfLook({ nrPfns, blockPages, blocks }: FirstLook): BlocksSnapshot {
  const states = new Uint8Array(Math.ceil(nrPfns / blockPages)).fill(BLOCK_ABSENT);
  for (const { block, state } of blocks) states[block] = state;
  return { migratetypes: null, states: runsOf(states) };
}
