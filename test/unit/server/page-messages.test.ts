import { describe, expect, it } from '@jest/globals';
import { CHUNK_PAGES, CHUNK_PATCH } from '../../../src/recording/chunk.js';
import { unpackChunk } from '../../../src/recording/chunk-reader.js';
import { readPatch } from '../../../src/recording/patch.js';
import { MESSAGE_PAGES, pagesMessages, patchMessages } from '../../../src/server/page-messages.js';

const NR_PFNS = 2 * MESSAGE_PAGES + 512 * 3 + 100;
const pages = Uint8Array.from({ length: NR_PFNS }, (_, pfn) => (pfn * 7) & 0xff);
const runsIn = (message: Uint8Array, kind: number) => {
  const chunk = unpackChunk(message);
  expect(chunk.kind).toBe(kind);
  return readPatch(chunk.payload, NR_PFNS);
};

it('pages come in pieces that make all of memory together', () => {
  const got = new Uint8Array(NR_PFNS);
  const runs = [...pagesMessages(pages)].flatMap((message) => runsIn(message, CHUNK_PAGES));
  for (const { start, bytes } of runs) got.set(bytes, start);
  expect(Buffer.compare(got, pages)).toBe(0);
  expect(Math.max(...runs.map(({ bytes }) => bytes.length))).toBe(MESSAGE_PAGES);
});

describe('a patch', () => {
  const changed = new Uint32Array(Math.ceil(NR_PFNS / 512));
  changed[3] = 10;
  changed[4] = 12;
  changed[9] = 11;
  changed[changed.length - 1] = 12;

  it('has the pageblocks that were changed since, neighbours together, and no page behind the last', () => {
    const runs = [...patchMessages(pages, changed, 11)].flatMap((message) => runsIn(message, CHUNK_PATCH));
    expect(runs.map(({ start, bytes }) => [start, bytes.length])).toEqual([
      [4 * 512, 512],
      [9 * 512, 512],
      [(changed.length - 1) * 512, 100],
    ]);
    for (const { start, bytes } of runs)
      expect(Buffer.compare(bytes, pages.subarray(start, start + bytes.length))).toBe(0);
  });

  it('joins neighbours', () => {
    const [first] = [...patchMessages(pages, changed, 10)].flatMap((message) => runsIn(message, CHUNK_PATCH));
    expect([first!.start, first!.bytes.length]).toEqual([3 * 512, 2 * 512]);
  });

  it('is none where nothing has changed', () => {
    expect([...patchMessages(pages, changed, 13)]).toEqual([]);
  });

  it('comes in pieces, however much has changed', () => {
    const messages = [...patchMessages(pages, changed.slice().fill(5), 1)];
    expect(messages.length).toBe(3);
    const got = new Uint8Array(NR_PFNS);
    for (const message of messages) for (const { start, bytes } of runsIn(message, CHUNK_PATCH)) got.set(bytes, start);
    expect(Buffer.compare(got, pages)).toBe(0);
  });
});
