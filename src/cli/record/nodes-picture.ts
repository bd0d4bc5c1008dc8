import { codeOf, WORDS_PER_EVENT } from '../../events/page-events.js';
import type { MapSource } from '../../picture/map-rows.js';
import { kindOfByte } from '../../picture/page-bytes.js';
import { KIND_FREE, newCounts } from '../../picture/page-kinds.js';
import { CHUNK_PAGE_EVENTS, type Chunk } from '../../recording/chunk.js';
import { Replay } from '../../recording/replay.js';
import { unpackPageEvents } from '../../recording/unpack-events.js';
import type { Moves } from '../../strategies/strategy.js';

/** What of a recorded run is drawn: how memory was, how it is, and what moved between. */
export interface DrawnRun {
  readonly before: MapSource;
  readonly after: MapSource;
  readonly moved: Moves;
  /** Pages by what they were in the beginning, indexed by kind. */
  readonly movedByKind: Uint32Array;
}

/** A run of several nodes as one, for who draws it: nobody but their recordings has seen all of their memory. */
export class NodesPicture {
  readonly #replay = new Replay({ undoBytesMax: 0, keyframeBytesMax: 0 });
  readonly #moves: number[] = [];

  /** Takes the next chunk of the run. */
  feed(chunk: Chunk): void {
    this.#replay.feed(chunk);
    if (chunk.kind !== CHUNK_PAGE_EVENTS) return;
    const words = unpackPageEvents(chunk.payload, this.#replay.header!.machine.nrPfns);
    for (let at = 0; at < words.length; at += WORDS_PER_EVENT)
      if (codeOf(words[at + 2]!) === 0) this.#moves.push(words[at]!, words[at + 1]!);
  }

  /** When all chunks are there. */
  draw(): DrawnRun {
    const before = this.#source();
    this.#replay.seekFraction(1);
    const moves = this.#moves;
    const moved = {
      sources: Uint32Array.from({ length: moves.length / 2 }, (_, at) => moves[2 * at]!),
      targets: Uint32Array.from({ length: moves.length / 2 }, (_, at) => moves[2 * at + 1]!),
    };
    return { before, after: this.#source(), moved, movedByKind: kindsOf(moved, before.bytes) };
  }

  #source(): MapSource & { readonly bytes: Uint8Array } {
    const replay = this.#replay;
    const { nrPfns, blockPages, dimms } = replay.header!.machine;
    const types = replay.migratetypes;
    return {
      spec: { nrPfns, blockPages, dimms },
      bytes: replay.pages.slice(),
      blockState: replay.blockStates.slice(),
      ...(types === null ? {} : { migratetype: types.slice() }),
    };
  }
}

/** A page that moves twice is the same page: its kind travels with it. */
function kindsOf({ sources, targets }: Moves, before: Uint8Array): Uint32Array {
  const kinds = before.map(kindOfByte);
  const counts = newCounts();
  for (let at = 0; at < sources.length; at++) {
    const kind = kinds[sources[at]!]!;
    counts[kind] = counts[kind]! + 1;
    kinds[targets[at]!] = kind;
    kinds[sources[at]!] = KIND_FREE;
  }
  return counts;
}
