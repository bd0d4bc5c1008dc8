import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { createPalette } from '../../../src/cli/palette.js';
import { goTo, parseAt, parsePfn } from '../../../src/cli/replay/replay-options.js';
import { pageText, replayText } from '../../../src/cli/replay/replay-text.js';
import { MAX_PFN } from '../../../src/mm/units.js';
import { CHUNK_PAGES, type Chunk } from '../../../src/recording/chunk.js';
import { ChunkReader } from '../../../src/recording/chunk-reader.js';
import { ChunkWriter, packChunk, signatureBytes } from '../../../src/recording/chunk-writer.js';
import {
  parseBlocks,
  parseCounters,
  parseEnd,
  parseHeader,
  parseRangeEvent,
} from '../../../src/recording/parse-records.js';
import { Replay } from '../../../src/recording/replay.js';
import { unpackPalettes } from '../../../src/recording/unpack-palettes.js';
import { packPalettes } from '../../../src/simd/palettes.js';
import { recordWorld } from '../../unit/recording/recorded-world.js';
import { bytesOf, endingOf, type Reader } from '../reader.js';

/* Recorded runs, which may come from anybody. */

let chunks: readonly Chunk[] | null = null;
/** A run on a small machine, the same each time. */
function recorded(): readonly Chunk[] {
  chunks ??= recordWorld(4, 3).chunks;
  return chunks;
}

/** As files have them, in groups that are deflated. */
function asFile(): Buffer {
  const pieces: Uint8Array[] = [];
  const writer = new ChunkWriter(
    (bytes) => pieces.push(bytes),
    (bytes) => deflateRawSync(bytes),
  );
  for (const chunk of recorded()) writer.add(chunk);
  writer.flush();
  return Buffer.concat(pieces);
}

/** As they are, so that what is spoilt is what they say and not how it is packed. */
function asChunks(): Buffer {
  return Buffer.concat([signatureBytes(), ...recorded().map((chunk) => packChunk(chunk, null))]);
}

const files: Reader = {
  name: 'recordings',
  about: 'files that --record has written, and what is shown of them',
  seeds: () => [asFile(), asChunks(), asChunks().subarray(0, 20_000)],
  cost: 10,
  read: (input) => {
    const replay = new Replay({ undoBytesMax: 10_000, keyframeBytesMax: 0 });
    const reader = new ChunkReader((bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }));
    let broken: unknown = null;
    try {
      reader.feed(input);
      for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) replay.feed(chunk);
    } catch (error) {
      broken = error;
    }
    expect(reader.bytesRead + reader.bytesLeft).toBe(input.length);
    const shown = replay.isReady ? stepThrough(replay) : '';
    if (broken !== null) throw broken;
    return shown;
  },
};

/** Whatever has been taken can be stepped through, there and back. */
function stepThrough(replay: Replay): string {
  const beginning = replay.hash();
  replay.seekFraction(1);
  const end = replay.hash();
  for (const fraction of [0.5, 0.9, 0.1]) replay.seekFraction(fraction);
  replay.stepBatch(1);
  replay.stepRangeEvent(-1);
  replay.stepEvents(1);
  replay.seek(0);
  expect(replay.hash()).toBe(beginning);
  replay.seekFraction(1);
  expect(replay.hash()).toBe(end);
  const palette = createPalette(false);
  const source = { replay, path: 'a', nrBytes: 1, isCutOff: replay.end === null };
  return [
    ...replayText(source as unknown as Parameters<typeof replayText>[0], palette),
    ...pageText(replay, replay.pages.length >> 1, palette),
  ].join('\n');
}

const PARSERS = [
  parseHeader,
  parseBlocks,
  (payload: Uint8Array) => parseRangeEvent(payload, MAX_PFN),
  parseCounters,
  parseEnd,
];

const records: Reader = {
  name: 'recording-records',
  about: 'what recorded runs have as JSON',
  seeds: () =>
    recorded().flatMap(({ kind, payload }) =>
      payload[0] === 0x7b && kind !== CHUNK_PAGES ? [Buffer.from(payload)] : [],
    ),
  parse: (text) => JSON.parse(text),
  read: async (input) => {
    const endings = [];
    for (const parse of PARSERS) endings.push(await endingOf(() => JSON.stringify(parse(input))));
    if (!endings.includes('result')) throw new VacateError('recording', 'this is no record of any kind that there is');
  },
};

const palettes: Reader = {
  name: 'recording-palettes',
  about: 'pages of the beginning as recorded runs have them packed',
  seeds: () =>
    recorded().flatMap(({ kind, payload }) => (kind === CHUNK_PAGES ? [Buffer.from(packPalettes(payload))] : [])),
  read: (input) => {
    const bytes = unpackPalettes(input);
    expect(Buffer.compare(unpackPalettes(packPalettes(bytes)), bytes)).toBe(0);
  },
};

const places: Reader = {
  name: 'replay-places',
  about: '--at and --pfn of `vacate replay`',
  seeds: () => ['1000', 'range:3', '50%', '1.5s', '250ms', '0x10057f', 'pfn:0x1234', '4096'].map(bytesOf),
  words: ['range:', 'pfn:', '0x', '%', 'ms', 's'],
  read: async (input) => {
    const text = input.toString('utf8');
    const replay = new Replay();
    await endingOf(() => goTo(replay, parseAt(text)));
    expect(replay.moment).toBe(0);
    await endingOf(() => expect(parsePfn(text)).toBeLessThanOrEqual(MAX_PFN));
  },
};

export const recordingReaders: readonly Reader[] = [files, records, palettes, places];
