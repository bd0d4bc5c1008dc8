import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CaptureFiles, readCapture, streamCapture } from '../../../src/capture/index.js';
import { copyOf, fixture, refusalOf, removeTemporaryDirectories } from './sketch.js';

afterAll(removeTemporaryDirectories);

const MIXED = 'mixed-offline/before-memory32';
const PAGE_FILES = ['kpageflags', 'kpagecount'];

describe('a capture that is read in a stream', () => {
  it('is the one that is read at once, compressed or not', async () => {
    const image = readCapture(fixture(MIXED));
    expect(await streamCapture(new CaptureFiles(fixture(MIXED)))).toEqual(image);
    const directory = copyOf(MIXED);
    for (const name of PAGE_FILES) {
      writeFileSync(join(directory, name), gunzipSync(readFileSync(join(directory, `${name}.gz`))));
      rmSync(join(directory, `${name}.gz`));
    }
    const { name: _, kernel: __, ...plain } = await streamCapture(new CaptureFiles(directory));
    expect(image).toMatchObject(plain);
  });

  it('has no mapping counts if they are not wanted, and everything else', async () => {
    const { mapcounts, ...rest } = await streamCapture(new CaptureFiles(fixture(MIXED)), { mapcounts: false });
    const { mapcounts: known, ...wanted } = readCapture(fixture(MIXED));
    expect(rest).toEqual(wanted);
    expect(known.some((count) => count > 0)).toBe(true);
    expect(mapcounts.every((count) => count === 0)).toBe(true);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['empty', () => Buffer.alloc(0)],
    ['not gzip', (bytes: Buffer) => gunzipSync(bytes)],
    ['damaged', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 2000, 3000)],
  ])('is refused as one that is read at once: %s', async (_, spoil) => {
    for (const name of PAGE_FILES) {
      const directory = copyOf(MIXED);
      const path = join(directory, `${name}.gz`);
      writeFileSync(path, spoil(readFileSync(path)));
      await expect(streamCapture(new CaptureFiles(directory))).rejects.toThrow(refusalOf(directory));
    }
  });
});
