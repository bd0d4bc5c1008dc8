import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { type PageChunk, readChunks } from '../../../src/linux/pages/page-chunks.js';
import { expectedPages, readPageFile } from '../../../src/linux/pages/page-file.js';
import { fill, type PageReader } from '../../../src/linux/pages/page-reader.js';
import { emptyTree, put, removeTrees } from './trees.js';

const CHUNK = { chunkPages: 4 } as const;
const WORD_BYTES = 8;

afterAll(removeTrees);

/** Bytes that tell where they were. */
function words(nr: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length: nr * WORD_BYTES }, (_, at) => (at * 7 + (at >> 8) + salt) & 0xff);
}

/** A file as the kernel gives it: so many bytes a read as `generous` says, each a little later than the one before. */
function kernelFile(bytes: Uint8Array, generous: () => number = () => 64, path = 'kpageflags'): PageReader {
  return {
    path,
    read: async (target, position) => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const piece = bytes.subarray(position, position + Math.min(target.length, generous()));
      target.set(piece);
      return piece.length;
    },
    close: async () => {},
  };
}

/** Everything that came, in its place. */
async function collect(files: readonly PageReader[], readers: 1 | 2): Promise<{ length: number; bytes: Buffer[] }> {
  const chunks: PageChunk[] = [];
  const length = await readChunks(files, { readers, ...CHUNK }, ({ index, position, pieces }) => {
    chunks.push({ index, position, pieces: pieces.map((piece) => piece.slice()) });
  });
  chunks.sort((a, b) => a.index - b.index);
  expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, at) => at));
  return { length, bytes: files.map((_, at) => Buffer.concat(chunks.map(({ pieces }) => pieces[at]!))) };
}

describe('page files in chunks', () => {
  it('come whole and in their places, however many bytes a read gives and whoever reads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }),
        fc.constantFrom<1 | 2>(1, 2),
        async (nrPages, sizes, readers) => {
          let turn = 0;
          const generous = () => sizes[turn++ % sizes.length]!;
          const contents = [words(nrPages), words(nrPages, 3)];
          const read = await collect(
            contents.map((bytes) => kernelFile(bytes, generous)),
            readers,
          );
          expect(read.length).toBe(nrPages * WORD_BYTES);
          expect(read.bytes).toEqual(contents.map((bytes) => Buffer.from(bytes)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('are at most two chunks a reader ahead of whoever takes them', async () => {
    let nrTaken = 0;
    let nrRead = 0;
    let most = 0;
    const bytes = words(200);
    const file = kernelFile(bytes, () => 1024);
    const counting = {
      ...file,
      read: (target: Uint8Array, position: number) => {
        most = Math.max(most, ++nrRead - nrTaken);
        return file.read(target, position);
      },
    };
    await readChunks([counting], { readers: 2, ...CHUNK }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      nrTaken++;
    });
    expect(nrTaken).toBe(50);
    expect(most).toBeLessThanOrEqual(2 * 2 + 1);
  });

  it('that end inside a word were cut short', async () => {
    await expect(collect([kernelFile(words(9).subarray(0, 67))], 1)).rejects.toThrow(/ends inside a word.* 67 bytes/);
  });

  it('that grow while they are read, or of which one is shorter, are refused', async () => {
    let bytes = words(6);
    const growing: PageReader = {
      ...kernelFile(bytes),
      read: async (target, position) => {
        const nr = await kernelFile(bytes).read(target, position);
        if (nr === 0) bytes = words(7);
        return nr;
      },
    };
    await expect(collect([growing], 2)).rejects.toThrow(/not as long as it was/);
    await expect(collect([kernelFile(words(6)), kernelFile(words(7), () => 64, 'kpagecount')], 1)).rejects.toThrow(
      /^kpagecount is not as long/,
    );
  });

  it('stop at once when a read fails, what takes them fails, or the signal says so', async () => {
    const eio = Object.assign(new Error('bad'), { code: 'EIO' });
    const broken: PageReader = {
      ...kernelFile(words(90)),
      read: (target, position) => (position > 100 ? Promise.reject(eio) : kernelFile(words(90)).read(target, position)),
    };
    await expect(collect([broken], 2)).rejects.toThrow('kpageflags cannot be read (EIO).');
    for (const readers of [1, 2] as const) {
      // The first chunk is never taken: whoever waits for it must hear that the second failed.
      const failing = readChunks([kernelFile(words(90))], { readers, ...CHUNK }, ({ index }) =>
        index === 0 ? new Promise(() => {}) : Promise.reject(new Error('disk full')),
      );
      await expect(failing).rejects.toThrow('disk full');
      const controller = new AbortController();
      const reading = readChunks([kernelFile(words(90))], { readers, signal: controller.signal, ...CHUNK }, () => {
        controller.abort(new Error('enough'));
      });
      await expect(reading).rejects.toThrow('enough');
    }
  });

  it('fill what they are asked to, and say how much came at the end', async () => {
    const target = new Uint8Array(5 * WORD_BYTES);
    expect(
      await fill(
        kernelFile(words(7), () => 3),
        target,
        4 * WORD_BYTES,
      ),
    ).toBe(3 * WORD_BYTES);
    expect(target.subarray(0, 24)).toEqual(words(7).subarray(32));
  });
});

describe('a page file of a host', () => {
  const zoneinfo = 'Node 0, zone   Normal\n  pages free     1\n        spanned  90\n  start_pfn:           10\n';

  it('is read whole from a copied tree, plain or compressed, whatever zoneinfo expects', async () => {
    for (const nrExpected of [null, 100, 3]) {
      const bytes = words(300_000);
      const root = emptyTree();
      put(root, { 'proc/kpageflags': bytes, 'proc/kpagecount.gz': gzipSync(bytes) });
      if (nrExpected !== null) put(root, { 'proc/zoneinfo': zoneinfo.replace('90', String(nrExpected - 10)) });
      const tree = new LinuxTree(root);
      const told: number[] = [];
      const options = { readers: 2 as const, onProgress: (nrBytes: number) => told.push(nrBytes) };
      expect(Buffer.compare(await readPageFile(tree, '/proc/kpageflags', options), bytes)).toBe(0);
      expect(told.at(-1)).toBe(bytes.length);
      expect(Buffer.compare(await readPageFile(tree, '/proc/kpagecount'), bytes)).toBe(0);
    }
  });

  it('says what is missing, in one sentence', async () => {
    const root = emptyTree();
    put(root, { 'proc/kpagecount.gz': gzipSync(words(5)).subarray(0, 30), 'proc/kpagecgroup/x': '' });
    const tree = new LinuxTree(root);
    await expect(readPageFile(tree, '/proc/kpageflags')).rejects.toThrow(
      `There is no ${root}/proc/kpageflags: copy it from the host, as root, or a gzip of it.`,
    );
    await expect(readPageFile(tree, '/proc/kpagecount')).rejects.toThrow(
      `${root}/proc/kpagecount.gz is no whole gzip file (Z_BUF_ERROR): copy it again.`,
    );
    await expect(readPageFile(tree, '/proc/kpagecgroup')).rejects.toThrow('is not a file');
  });

  it('does not wait for whoever might write to a pipe in its place', async () => {
    const root = emptyTree();
    put(root, { 'proc/zoneinfo': zoneinfo });
    execFileSync('mkfifo', [join(root, 'proc/kpageflags')]);
    await expect(readPageFile(new LinuxTree(root), '/proc/kpageflags')).rejects.toThrow('is not a file');
  });

  it('reaches as far as the highest zone that has memory; nonsense is no guess', () => {
    const pagesOf = (text: string) => {
      const root = emptyTree();
      put(root, { 'proc/zoneinfo': text });
      return expectedPages(new LinuxTree(root));
    };
    expect(pagesOf(`${zoneinfo}Node 0, zone  Movable\n        spanned  0\n  start_pfn:           4096\n`)).toBe(100);
    expect(pagesOf(zoneinfo.replace('90', '999999999999'))).toBeNull();
    expect(pagesOf('')).toBeNull();
  });
});
