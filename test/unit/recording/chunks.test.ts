import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Prng } from '../../../src/base/prng.js';
import {
  CHUNK_BLOCKS,
  CHUNK_END,
  CHUNK_GROUP,
  CHUNK_HEADER,
  CHUNK_PAGE_EVENTS,
  CHUNK_PAGES,
  CHUNK_PATCH,
  type Chunk,
} from '../../../src/recording/chunk.js';
import { ChunkReader, unpackChunk } from '../../../src/recording/chunk-reader.js';
import { ChunkWriter, packChunk, signatureBytes } from '../../../src/recording/chunk-writer.js';
import { Replay } from '../../../src/recording/replay.js';
import { SEED } from '../sim/small-machine.js';
import { recordWorld, replayOf } from './recorded-world.js';

const inflate = (bytes: Uint8Array, bytesMax: number) => inflateRawSync(bytes, { maxOutputLength: bytesMax });

function fileOf(chunks: readonly Chunk[], chunksPerFlush = 40): Buffer {
  const pieces: Uint8Array[] = [];
  const writer = new ChunkWriter(
    (bytes) => pieces.push(bytes),
    (bytes) => deflateRawSync(bytes, { level: 1 }),
  );
  chunks.forEach((chunk, at) => {
    writer.add(chunk);
    if (at % chunksPerFlush === 0) writer.flush();
  });
  writer.flush();
  return Buffer.concat(pieces);
}

function chunksIn(reader: ChunkReader): Chunk[] {
  const chunks: Chunk[] = [];
  for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) chunks.push(chunk);
  return chunks;
}

/** Only what its words are: a buffer is no array to Jest. */
const plain = (chunks: readonly Chunk[]) =>
  chunks.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('hex')]);

describe(`chunks of a recorded run (seed ${SEED})`, () => {
  const { chunks } = recordWorld(SEED, 2);
  const file = fileOf(chunks);

  it('come out of a file as they went in, in whatever pieces it is read', () => {
    const prng = new Prng(SEED);
    for (const most of [1, 7, 5000, file.length]) {
      const reader = new ChunkReader(inflate);
      const found: Chunk[] = [];
      for (let at = 0; at < file.length; ) {
        const nr = 1 + prng.below(most);
        reader.feed(file.subarray(at, at + nr));
        at += nr;
        found.push(...chunksIn(reader));
      }
      expect(plain(found)).toEqual(plain(chunks));
      expect([reader.bytesRead, reader.bytesLeft]).toEqual([file.length, 0]);
    }
  });

  it('end where a file was cut off, at any byte', () => {
    const tail = file.length - 120;
    const lengths = [...Array(60).keys(), ...Array.from({ length: 120 }, (_, at) => tail + at)];
    for (const length of lengths) {
      const reader = new ChunkReader(inflate);
      reader.feed(file.subarray(0, length));
      const found = chunksIn(reader);
      expect(plain(found)).toEqual(plain(chunks.slice(0, found.length)));
      expect(reader.bytesRead + reader.bytesLeft).toBe(length);
      const replay = replayOf(found);
      replay.seekFraction(1);
      expect(replay.end).toBeNull();
    }
  });

  it('are messages too', () => {
    for (const chunk of chunks) expect(plain([unpackChunk(packChunk(chunk, null))])).toEqual(plain([chunk]));
    const [first] = chunks;
    expect(() => unpackChunk(packChunk(first!, null).subarray(1))).toThrow('the recording is damaged');
    expect(() => unpackChunk(Buffer.concat([packChunk(first!, null), Buffer.alloc(1)]))).toThrow('is not one chunk');
    expect(() => unpackChunk(packChunk(first!, (bytes) => deflateRawSync(bytes)))).toThrow(
      'deflated where none may be',
    );
  });

  const raw = (kind: number, flags: number, payload: Uint8Array) => {
    const head = Buffer.alloc(6);
    head[0] = kind;
    head[1] = flags;
    head.writeUInt32LE(payload.length, 2);
    return Buffer.concat([signatureBytes(), head, payload]);
  };
  const nested = packChunk({ kind: CHUNK_GROUP as never, payload: new Uint8Array(0) }, null);

  it.each([
    ['another file', Buffer.from('vacate ran\n\u0001xxxxxxxxx'), 'this is no recorded run'],
    ['another version', Buffer.from('vacate run\n\u0009'), 'has version 9, and this vacate reads versions 1 to 2'],
    ['a kind that is none', raw(12, 0, Buffer.alloc(3)), 'there is no chunk at byte 12'],
    ['a kind of 0', raw(0, 0, Buffer.alloc(3)), 'there is no chunk at byte 12'],
    ['unknown flags', raw(CHUNK_HEADER, 4, Buffer.alloc(3)), 'there is no chunk at byte 12'],
    ['a length beyond bounds', Buffer.concat([signatureBytes(), Buffer.from([1, 0, 0, 0, 0, 9])]), 'there is no chunk'],
    ['what cannot be inflated', raw(CHUNK_HEADER, 1, Buffer.alloc(80, 7)), 'cannot be inflated'],
    ['what gets too large', raw(CHUNK_HEADER, 1, deflateRawSync(Buffer.alloc(17 << 20))), 'cannot be inflated'],
    ['a group in a group', raw(CHUNK_GROUP, 0, nested), 'there is no chunk at byte 0'],
    [
      'a group that breaks off',
      raw(CHUNK_GROUP, 0, Buffer.from([1, 0, 9, 0, 0, 0, 1])),
      'a group of chunks breaks off',
    ],
  ])('are refused: %s', (_what, bytes, because) => {
    const reader = new ChunkReader(inflate);
    reader.feed(bytes);
    expect(() => chunksIn(reader)).toThrow(because);
  });
});

describe('a replay refuses', () => {
  const { chunks } = recordWorld(SEED, 1);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const isReady = chunks.findIndex(({ kind }) => kind === CHUNK_BLOCKS) + 1;
  const last = chunks.at(-1)!;
  const header = JSON.parse(new TextDecoder().decode(chunks[0]!.payload));

  it.each<[string, readonly Chunk[], Chunk, string]>([
    ['two headers', chunks.slice(0, 1), chunks[0]!, 'it has two headers'],
    ['pages without a machine', [], chunks[1]!, 'does not begin with a header'],
    [
      'events before pages',
      chunks.slice(0, 1),
      { kind: CHUNK_PATCH, payload: Buffer.alloc(0) },
      'before it shows memory',
    ],
    ['blocks before all pages', chunks.slice(0, 1), chunks[isReady - 1]!, 'pages of its machine are missing'],
    ['pages twice', chunks.slice(0, 2), chunks[1]!, 'its pages do not come in their order'],
    ['what is no JSON', [], { kind: CHUNK_HEADER, payload: Buffer.from('{') }, 'a record is no JSON'],
    [
      'a header without a machine',
      [],
      { kind: CHUNK_HEADER, payload: json({ ...header, machine: 3 }) },
      'where an object',
    ],
    [
      'blocks of another machine',
      chunks.slice(0, isReady),
      { kind: CHUNK_BLOCKS, payload: json({ migratetypes: null, states: [[1, 99]] }) },
      'more blocks than its machine',
    ],
    [
      'too few blocks',
      chunks.slice(0, isReady),
      { kind: CHUNK_BLOCKS, payload: json({ migratetypes: null, states: [] }) },
      'fewer blocks than its machine',
    ],
    [
      'events that are none',
      chunks.slice(0, isReady),
      { kind: CHUNK_PAGE_EVENTS, payload: Buffer.from([9]) },
      'says it has 9 events',
    ],
    [
      'a patch beyond memory',
      chunks.slice(0, isReady),
      { kind: CHUNK_PATCH, payload: Buffer.from([255, 255, 255, 0, 1, 0, 0, 0, 1]) },
      'goes beyond its end',
    ],
    [
      'pages when they are complete',
      chunks.slice(0, isReady),
      { kind: CHUNK_PAGES, payload: Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 1]) },
      'do not come in their order',
    ],
    ['anything behind the end', chunks, last, 'it goes on behind its end'],
    ['an end that says nothing', chunks.slice(0, isReady), { kind: CHUNK_END, payload: json({}) }, 'a time is none'],
  ])('%s, and stays what it was', (_what, before, chunk, because) => {
    const replay = new Replay();
    for (const each of before) replay.feed(each);
    const { length } = replay;
    expect(() => replay.feed(chunk)).toThrow(because);
    expect(replay.length).toBe(length);
  });
});
