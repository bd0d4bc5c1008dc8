import type { Chunk } from './chunk.js';
import { ChunkReader } from './chunk-reader.js';
import { packKept } from './chunk-writer.js';
import { joined } from './joined.js';
import { Recorder, type RecorderOptions } from './recorder.js';

type Heard = ConstructorParameters<typeof Recorder>;

export interface KeptOptions extends Pick<RecorderOptions, 'facts'> {
  /** The machine's own time, in milliseconds. */
  readonly clock: () => number;
}

/**
 * A run that is written down in memory, for whoever cannot write files, by the machine's own time: the same run gives the
 * same bytes, wherever and however quickly it goes.
 */
export class KeptRecording {
  readonly #pieces: Uint8Array[] = [];
  readonly #recorder: Recorder;
  #length = 0;

  /** Writes how memory is now, and listens from then on. */
  constructor(host: Heard[0], events: Heard[1], ranges$: Heard[2], { facts, clock }: KeptOptions) {
    const sink = (chunk: Chunk) => {
      const bytes = packKept(chunk);
      this.#pieces.push(bytes);
      this.#length += bytes.length;
    };
    this.#recorder = new Recorder(host, events, ranges$, { facts, clock, sink, isRepeatable: true });
  }

  /** The run is over: its chunks, one behind another. */
  finish(outcome: string): Uint8Array {
    this.#recorder.finish(outcome);
    return joined(this.#pieces, this.#length);
  }
}

/** What a reader holds at a time beside the recording itself. */
const FED_BYTES = 256 * 1024;

/** The chunks of a kept recording again. */
export function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const reader = ChunkReader.ofMessages();
  for (let at = 0; at < bytes.length; at += FED_BYTES) {
    reader.feed(bytes.subarray(at, at + FED_BYTES));
    for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) yield chunk;
  }
}
