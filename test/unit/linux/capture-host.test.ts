import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { tellDrift } from '../../../src/capture/drift.js';
import { CaptureFiles, readCapture } from '../../../src/capture/index.js';
import { type CaptureHostOptions, captureHost } from '../../../src/linux/capture/capture-host.js';
import { GzipFile } from '../../../src/linux/capture/gzip-file.js';
import { driftSentence, readDriftCounters } from '../../../src/linux/capture/host-drift.js';
import { cannotWrite } from '../../../src/linux/capture/new-directory.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { fixture } from '../capture/sketch.js';
import { emptyTree, put, removeTrees, unfoldCapture } from './trees.js';

const CAPTURE = 'mixed-offline/before-memory32';
const KERNEL = readFileSync(join(fixture(CAPTURE), '../kernel'), 'utf8').trim();
const DIMMS = { 'PNP0C80:00': [32, 33, 34, 35], 'PNP0C80:01': [36, 37, 38, 39] };

afterAll(removeTrees);

function outside(): string {
  return join(emptyTree(), 'host7');
}

async function take(root: string, options: Partial<CaptureHostOptions> = {}) {
  const out = options.out ?? outside();
  return { out, capture: await captureHost(new LinuxTree(root), { out, ...options }) };
}

async function refusal(root: string, options: Partial<CaptureHostOptions> = {}): Promise<VacateError> {
  const error = await take(root, options).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!VacateError.is(error)) throw new Error(`refused with no sentence: ${String(error)}`);
  return error;
}

/** Does something to a memory block when its pages have been read, and a device tells of something. */
class ChangingTree extends LinuxTree {
  constructor(
    root: string,
    private readonly change: (block: string) => void,
  ) {
    super(root);
  }

  override text(path: string): string | null {
    if (path === '/proc/buddyinfo') {
      this.change(this.at('/sys/devices/system/memory/memory33'));
      if (this.has('/sys/kernel/uevent_seqnum')) writeFileSync(this.at('/sys/kernel/uevent_seqnum'), '8');
    }
    return super.text(path);
  }
}

const unzipped = (path: string) => gunzipSync(readFileSync(path));

describe('a capture of a host', () => {
  it.each([1, 2] as const)('is what its files say, with %i readers', async (readers) => {
    const root = unfoldCapture(CAPTURE, DIMMS);
    const { out, capture } = await take(root, { readers });
    for (const name of ['kpageflags.gz', 'kpagecount.gz']) {
      expect(Buffer.compare(unzipped(join(out, name)), unzipped(join(root, 'proc', name)))).toBe(0);
    }
    expect(readFileSync(join(out, 'dimms'), 'utf8')).toBe(
      'PNP0C80:00 memory32 memory33 memory34 memory35\nPNP0C80:01 memory36 memory37 memory38 memory39\n',
    );
    expect(capture.pages).toBe(unzipped(join(out, 'kpageflags.gz')).length / 8);
    expect(capture).toMatchObject({ readers, kernel: KERNEL, consistency: null, owners: null });
    expect(capture.notes).toEqual([]);
    const sizes = capture.files.map(({ name, bytes }) => [name, bytes]);
    expect(Object.fromEntries(sizes)).toEqual(
      Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name)).length])),
    );
  });

  it('reads as the capture that its tree was made of', async () => {
    const { out } = await take(unfoldCapture(CAPTURE));
    const { name: _taken, caveats, ...image } = readCapture(new CaptureFiles(out));
    const { name: _given, caveats: expected, ...given } = readCapture(new CaptureFiles(fixture(CAPTURE)));
    expect(Buffer.compare(Buffer.from(image.flags.buffer), Buffer.from(given.flags.buffer))).toBe(0);
    expect(Buffer.compare(Buffer.from(image.mapcounts.buffer), Buffer.from(given.mapcounts.buffer))).toBe(0);
    expect({ ...image, flags: null, mapcounts: null }).toEqual({ ...given, flags: null, mapcounts: null });
    expect(caveats).toEqual(expected);
  });

  it('has the kernel log as dmesg prints it, from records or from text', async () => {
    const root = unfoldCapture(CAPTURE);
    put(root, {
      'dev/kmsg':
        '6,1,1500000,-;Offlined Pages 32768\n SUBSYSTEM=memory\n4,2,12345678901,c;a, b; c\n[    1.0] as text\n',
    });
    const { out } = await take(root);
    expect(readFileSync(join(out, 'dmesg'), 'utf8')).toBe(
      '[    1.500000] Offlined Pages 32768\n[12345.678901] a, b; c\n[    1.0] as text\n',
    );
  });

  it('says what it lacks, and does without', async () => {
    const root = unfoldCapture(CAPTURE);
    rmSync(join(root, 'sys'), { recursive: true });
    rmSync(join(root, 'proc/kpagecount.gz'));
    rmSync(join(root, 'proc/pagetypeinfo'));
    const { out, capture } = await take(root);
    expect(capture.notes).toEqual([
      `There is no ${root}/proc/kpagecount, so the capture lacks it.`,
      'The copied tree does not say how many pageblocks there are of each type: the capture lacks pagetypeinfo.',
      'The copied tree does not say how large a memory block is: the capture lacks block_size_bytes.',
      'The copied tree does not say which memory blocks there are and in which zones: the capture lacks memory_blocks.',
    ]);
    expect(readCapture(new CaptureFiles(out)).nrPfns).toBeGreaterThan(0);
  });
});

describe('a capture is there whole or not at all', () => {
  it('when it is interrupted', async () => {
    for (const readers of [1, 2] as const) {
      const controller = new AbortController();
      const out = outside();
      const interrupted = take(unfoldCapture(CAPTURE), {
        out,
        readers,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      });
      await expect(interrupted).rejects.toThrow('enough');
      expect(readdirSync(join(out, '..'))).toEqual([]);
    }
  });

  it('when a file is cut short, in a word or before it', async () => {
    const root = unfoldCapture(CAPTURE);
    const out = outside();
    const words = unzipped(join(root, 'proc/kpageflags.gz'));
    rmSync(join(root, 'proc/kpageflags.gz'));
    for (const [nrBytes, sentence] of [
      [words.length - 3, /kpageflags ends inside a word, after \d+ bytes/],
      [words.length / 2, /kpagecount(\.gz)? is not as long as it was, or as the files beside it/],
    ] as const) {
      writeFileSync(join(root, 'proc/kpageflags'), words.subarray(0, nrBytes));
      expect((await refusal(root, { out })).message).toMatch(sentence);
      expect(readdirSync(join(out, '..'))).toEqual([]);
    }
    rmSync(join(root, 'proc/kpagecount.gz'));
    expect((await refusal(root, { out })).message).toMatch(
      /kpageflags ends after \d+ pages, and zones reach up to page \d+: it was cut short, copy it again\.$/,
    );
    writeFileSync(join(root, 'proc/kpageflags'), '');
    expect((await refusal(root, { out })).message).toMatch(/ends after 0 pages/);
    expect(readdirSync(join(out, '..'))).toEqual([]);
  });

  it('when memory blocks come or go meanwhile', async () => {
    for (const [events, then] of [
      [null, (block: string) => writeFileSync(join(block, 'state'), 'offline\n')],
      ['7', (block: string) => rmSync(block, { recursive: true })],
    ] as const) {
      const root = unfoldCapture(CAPTURE);
      const out = outside();
      if (events !== null) put(root, { 'sys/kernel/uevent_seqnum': events });
      await expect(captureHost(new ChangingTree(root, then), { out })).rejects.toThrow(
        'Memory blocks came or went while pages were read (memory33): take the capture again when that is over.',
      );
      expect(readdirSync(join(out, '..'))).toEqual([]);
    }
  });

  it('but not when only other devices do', async () => {
    const root = unfoldCapture(CAPTURE);
    put(root, { 'sys/kernel/uevent_seqnum': '7' });
    const out = outside();
    await captureHost(new ChangingTree(root, () => {}), { out });
    expect(readdirSync(out)).toContain('memory_blocks');
  });

  it('when there is no page file: nothing is even begun', async () => {
    const out = outside();
    const { kind, message } = await refusal(emptyTree(), { out });
    expect(kind).toBe('host');
    expect(message).toMatch(/There is no .*proc\/kpageflags/);
    expect(readdirSync(join(out, '..'))).toEqual([]);
  });

  it('when nothing can be written there', async () => {
    const root = unfoldCapture(CAPTURE);
    const { kind, message } = await refusal(root, { out: join(outside(), 'deeper') });
    expect(kind).toBe('host');
    expect(message).toMatch(/cannot be written \(ENOENT\): the directory above it is not there: make it first\./);
    const full = cannotWrite('host7', Object.assign(new Error('no'), { code: 'ENOSPC' }));
    expect(full.message).toBe(
      'host7 cannot be written (ENOSPC): no space is left there: free some, or name a directory on another file ' +
        'system. Nothing was left behind.',
    );
  });
});

describe('the place of a capture', () => {
  it('may be an empty directory, and with force an earlier capture, but nothing else', async () => {
    const root = unfoldCapture(CAPTURE);
    const out = outside();
    mkdirSync(out);
    await take(root, { out });
    expect(await refusal(root, { out })).toMatchObject({
      kind: 'usage',
      message: `--out ${out} is not empty; name a new directory, or add --force to replace it`,
    });
    writeFileSync(join(out, 'vmstat'), 'old');
    await take(root, { out, force: true });
    expect(readFileSync(join(out, 'vmstat'), 'utf8')).not.toBe('old');
    writeFileSync(join(out, 'thesis.tex'), '');
    expect((await refusal(root, { out, force: true })).message).toBe(
      `--out ${out} holds "thesis.tex", which is no file of a capture, so that --force does not replace it; name a new ` +
        'directory',
    );
    expect(readdirSync(join(out, '..'))).toEqual(['host7']);
    expect(existsSync(join(out, 'thesis.tex'))).toBe(true);
  });

  it('may not be a file', async () => {
    const root = unfoldCapture(CAPTURE);
    const out = outside();
    writeFileSync(out, 'mine');
    expect((await refusal(root, { out, force: true })).message).toBe(`--out ${out} is not a directory; name a new one`);
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('keeps an earlier capture when the new one fails', async () => {
    const root = unfoldCapture(CAPTURE);
    const { out } = await take(root);
    const before = readdirSync(out);
    rmSync(join(root, 'proc/kpageflags.gz'));
    await refusal(root, { out, force: true });
    expect(readdirSync(out)).toEqual(before);
  });
});

describe('a gzip file of pieces', () => {
  it('has them in their order, whatever the order in which they came, and gzip reads it', async () => {
    const path = join(emptyTree(), 'pieces.gz');
    const file = await GzipFile.create(path);
    const pieces = Array.from({ length: 9 }, (_, index) => Buffer.alloc(1000 * (9 - index), `${index}`));
    await Promise.all([3, 1, 0, 2, 8, 7, 4, 6, 5].map((index) => file.put(index, pieces[index]!)));
    await file.close();
    expect(readFileSync(path).length).toBe(file.nrBytes);
    expect(unzipped(path).equals(Buffer.concat(pieces))).toBe(true);
    expect(execFileSync('gzip', ['-dc', path]).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('is never written over another', async () => {
    const path = join(emptyTree(), 'pieces.gz');
    writeFileSync(path, 'mine');
    await expect(GzipFile.create(path)).rejects.toThrow('EEXIST');
  });
});

describe('what changed while pages were read', () => {
  const counters = (vmstat: string) => {
    const root = emptyTree();
    put(root, { 'proc/vmstat': vmstat });
    return readDriftCounters(new LinuxTree(root));
  };

  it('is counted over all zones', () => {
    expect(
      counters(
        'nr_free_pages 9\npgalloc_dma 1\npgalloc_normal 20\npgalloc_movable 300\npgfree 5\nallocstall_normal 2\nx y\n',
      ),
    ).toEqual({ nr_free_pages: 9, pgalloc: 321, pgfree: 5, allocstall: 2 });
  });

  it('is a sentence, also where the kernel does not count', () => {
    const drift = { seconds: 1.26, before: { pgalloc: 1, pgfree: 2 }, after: { pgalloc: 1235, pgfree: 12 } };
    expect(driftSentence(drift, 100_000)).toBe(
      'Between the first page and the last, 1.3 s, 1,234 pages were handed out, 10 were freed and 0 moved, of 100,000.',
    );
    expect(driftSentence({ seconds: 2, before: {}, after: {} }, 5)).toMatch(/does not count what changed/);
  });

  it('is a caveat of the capture where it is more than a hundredth of memory', async () => {
    const told = (text: string) => {
      const caveats: string[] = [];
      tellDrift({ name: '', where: '', text: () => text, textBeside: () => null, words: () => null }, 10_000, caveats);
      return caveats;
    };
    const consistency = (pgalloc: number) =>
      JSON.stringify({ seconds: 4, before: { pgalloc: 10, pgfree: 10 }, after: { pgalloc, pgfree: 30 } });
    expect(told(consistency(20_010))).toEqual([
      'Pages were read over 4.0 s, in which 20,000 pages were handed out and 20 freed: so many may since be something ' +
        'else than it says, or be counted twice.',
    ]);
    expect(told(consistency(90))).toEqual([]);
    for (const text of ['', 'null', '[]', '{"seconds":"\\u001b[2J","before":1}']) expect(told(text)).toEqual([]);
    const { out } = await take(unfoldCapture(CAPTURE));
    writeFileSync(join(out, 'consistency'), consistency(200_010));
    expect(readCapture(new CaptureFiles(out)).caveats).toContainEqual(expect.stringContaining('Pages were read over'));
  });
});
