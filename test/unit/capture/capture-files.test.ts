import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CaptureFiles, readCapture } from '../../../src/capture/index.js';
import { copyOf, fixture, refusalOf, removeTemporaryDirectories, Sketch, temporaryDirectory } from './sketch.js';

afterAll(removeTemporaryDirectories);

const MIXED = 'mixed-offline/before-memory32';

describe('a directory that holds no capture', () => {
  it('is told from one that is not there', () => {
    expect(refusalOf('/no/such/capture')).toBe(
      'There is no directory /no/such/capture: name one that holds a capture.',
    );
  });

  it('is told from a file', () => {
    expect(refusalOf(join(fixture(MIXED), 'kpageflags.gz'))).toContain('is not a directory: name the directory');
  });

  it('is told by its lack of kpageflags', () => {
    const directory = temporaryDirectory();
    expect(refusalOf(directory)).toBe(
      `${directory} holds no kpageflags.gz: name a directory that has /proc/kpageflags of a host, read as root, under that name.`,
    );
  });
});

describe.each(['kpageflags.gz', 'kpagecount.gz'])('%s', (name) => {
  const spoil = (change: (bytes: Buffer) => Buffer): string => {
    const directory = copyOf(MIXED);
    writeFileSync(join(directory, name), change(readFileSync(join(directory, name))));
    return refusalOf(directory);
  };

  it('must be gzip', () => {
    expect(spoil((bytes) => gunzipSync(bytes))).toMatch(/kpage\w+\.gz is not gzip: compress it with gzip, or drop/);
  });

  it('must be whole', () => {
    expect(spoil((bytes) => bytes.subarray(0, bytes.length >> 1))).toMatch(/\.gz ends too early: copy it again/);
    expect(spoil((bytes) => bytes.subarray(0, 1))).toMatch(/is not gzip/);
    expect(spoil(() => Buffer.alloc(0))).toMatch(/\.gz ends too early: copy it again/);
  });

  it('must be undamaged', () => {
    const damaged = spoil((bytes) => {
      const copy = Buffer.from(bytes);
      copy.fill(0xff, 2000, 3000);
      return copy;
    });
    expect(damaged).toMatch(/\.gz is damaged \(Z_DATA_ERROR\): copy it again/);
    // The checksum at the end catches what inflates without complaint.
    const flipped = spoil((bytes) => {
      const copy = Buffer.from(bytes);
      copy[copy.length - 8] = (copy[copy.length - 8] as number) ^ 1;
      return copy;
    });
    expect(flipped).toMatch(/\.gz is damaged/);
  });

  it('must be a whole number of words', () => {
    expect(spoil((bytes) => gzipSync(gunzipSync(bytes).subarray(0, -3)))).toMatch(
      /holds 10485757 bytes, which is no whole number of 8-byte words: the file was cut short/,
    );
  });

  it('must describe a page', () => {
    expect(spoil(() => gzipSync(Buffer.alloc(0)))).toMatch(/describes no page at all/);
  });

  it('must be a file', () => {
    const directory = copyOf(MIXED);
    rmSync(join(directory, name));
    mkdirSync(join(directory, name));
    expect(refusalOf(directory)).toMatch(/\.gz cannot be read \(EISDIR\): check that it is a file you may read/);
  });
});

describe('files as /proc has them', () => {
  it('may lie uncompressed', () => {
    const directory = copyOf(MIXED);
    for (const name of ['kpageflags', 'kpagecount']) {
      writeFileSync(join(directory, name), gunzipSync(readFileSync(join(directory, `${name}.gz`))));
      rmSync(join(directory, `${name}.gz`));
    }
    const raw = readCapture(directory);
    const zipped = readCapture(fixture(MIXED));
    expect(Buffer.compare(Buffer.from(raw.flags.buffer), Buffer.from(zipped.flags.buffer))).toBe(0);
    expect(Buffer.compare(Buffer.from(raw.mapcounts.buffer), Buffer.from(zipped.mapcounts.buffer))).toBe(0);
    expect(raw.caveats).toEqual(zipped.caveats);
  });

  it('may be gzip of several members, as parallel compressors write it', () => {
    const directory = copyOf(MIXED);
    const bytes = gunzipSync(readFileSync(join(directory, 'kpageflags.gz')));
    const members = [bytes.subarray(0, 4_000_004), bytes.subarray(4_000_004)].map((part) => gzipSync(part));
    writeFileSync(join(directory, 'kpageflags.gz'), Buffer.concat(members));
    expect(readCapture(directory).caveats).toEqual(readCapture(fixture(MIXED)).caveats);
  });
});

it('keeps the cause of a failure', () => {
  const directory = new Sketch().write();
  writeFileSync(join(directory, 'kpageflags.gz'), Buffer.from([0x1f, 0x8b, 8, 0]));
  try {
    readCapture(directory);
  } catch (error) {
    expect((error as { cause?: { code?: string } }).cause?.code).toBe('Z_BUF_ERROR');
    return;
  }
  throw new Error('was read without complaint');
});

describe('files that would take all memory, or all time', () => {
  const MIB = 1024 * 1024;

  it('are refused before they are unpacked', () => {
    const directory = temporaryDirectory();
    const files = new CaptureFiles(directory, MIB);
    writeFileSync(join(directory, 'kpageflags.gz'), gzipSync(Buffer.alloc(8 * MIB + 8)));
    expect(() => files.words('kpageflags')).toThrow(
      /kpageflags\.gz is longer than 8 MiB, as no file of a capture is: /,
    );
    writeFileSync(join(directory, 'kpageflags.gz'), gzipSync(Buffer.alloc(8 * MIB)));
    expect(files.words('kpageflags')).toHaveLength(2 * MIB);
  });

  it('are refused before they are read', () => {
    const directory = temporaryDirectory();
    for (const name of ['kpageflags', 'zoneinfo']) {
      writeFileSync(join(directory, name), '');
      truncateSync(join(directory, name), 2 ** 32);
    }
    const files = new CaptureFiles(directory);
    expect(() => files.words('kpageflags')).toThrow(/kpageflags is longer than 2 GiB, as no file of a capture is: /);
    expect(() => files.text('zoneinfo')).toThrow(/zoneinfo is longer than 256 MiB, as no file of a capture is: /);
  });

  it('are refused if they are no files', () => {
    const directory = temporaryDirectory();
    execFileSync('mkfifo', [join(directory, 'zoneinfo')]);
    symlinkSync('/dev/zero', join(directory, 'kpageflags'));
    const files = new CaptureFiles(directory);
    expect(() => files.text('zoneinfo')).toThrow(/zoneinfo is not a file: take the capture again/);
    expect(() => files.words('kpageflags')).toThrow(/kpageflags is not a file: take the capture again/);
  });
});
