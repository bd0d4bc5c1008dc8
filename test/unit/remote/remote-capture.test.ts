import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CaptureFiles, streamCapture } from '../../../src/capture/index.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { RemoteCapture } from '../../../src/remote/remote-capture.js';
import { bytesOf, lookAt, PART_BYTES, parseContentRange } from '../../../src/remote/remote-file.js';
import { wholeOf } from '../../../src/remote/remote-text.js';
import { FileServer, type Manners } from './file-server.js';

const CAPTURE = 'test/fixtures/captures/pinned-offline/before-memory32';
const PATIENCE = { silenceMs: 300, attempts: 3, backoffMs: 5 };

let folder: string;
let server: FileServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-remote-'));
  cpSync(CAPTURE, join(folder, 'host7'), { recursive: true });
  server = await FileServer.start(folder);
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const place = (name: string) => join(folder, 'host7', name);
const open = () => RemoteCapture.open(`${server.url}/host7`, PATIENCE);

async function read() {
  const capture = await open();
  await capture.readTexts();
  return streamCapture(capture);
}

async function becauseOf(asking: Promise<unknown>): Promise<string> {
  return asking.then(
    () => 'nothing was wrong',
    (error: Error) => error.message.replaceAll(server.url, 'http://there'),
  );
}

describe('a capture on a server', () => {
  it.each<[string, Manners, () => void]>([
    ['as most are', {}, () => {}],
    ['one that knows no ranges', { rangeless: true }, () => {}],
    ['one that has weak ETags alone', { validators: ['weak-etag'] }, () => {}],
    ['one that has times alone', { validators: ['last-modified'] }, () => {}],
    ['one that has lengths alone', { validators: [] }, () => {}],
    ['one that cuts connections', { cutAfter: cutLater() }, () => {}],
    ['one that does so and knows no ranges', { rangeless: true, cutAfter: cutLater() }, () => {}],
    ['with plain page files', {}, unzip],
  ])('is read as one in a directory: %s', async (_, manners, prepare) => {
    prepare();
    server.manners = manners;
    expect(shortened(await read())).toEqual(shortened(await streamCapture(new CaptureFiles(join(folder, 'host7')))));
  });

  it('has the kernel of its boot from beside it', async () => {
    writeFileSync(join(folder, 'kernel'), '6.1.0-beside\n');
    expect((await read()).kernel).toBe('6.1.0-beside');
  });

  it('asks for no more than a part at a time, each from where the last ended', async () => {
    const length = 2 * PART_BYTES + 5;
    writeFileSync(join(folder, 'large'), Buffer.alloc(length, 'abcdefg'));
    const file = (await lookAt(`${server.url}/large`, PATIENCE))!;
    const pieces: Uint8Array[] = [];
    for await (const piece of bytesOf(file, PATIENCE)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(readFileSync(join(folder, 'large')))).toBe(true);
    const ends = [PART_BYTES, 2 * PART_BYTES, length].map((end) => end - 1);
    expect(server.asked.slice(1)).toEqual(ends.map((end, at) => `GET /large bytes=${at * PART_BYTES}-${end}`));
  });

  it('goes on as long as something comes', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(1_000_000, 'abcdefg'));
    server.manners = { cutAfter: () => 150_000 };
    const file = (await lookAt(`${server.url}/large`, PATIENCE))!;
    expect((await wholeOf(file, 1_000_000, PATIENCE)).equals(readFileSync(join(folder, 'large')))).toBe(true);
    await expect(wholeOf(file, 999_999, PATIENCE)).rejects.toThrow('is longer than');
    server.manners = { cutAfter: () => 1000 };
    await expect(wholeOf(file, 1_000_000, PATIENCE)).rejects.toThrow('(ECONNRESET), 3 times in a row');
  });

  it('is the same as long as its server says so, and another when a file is', async () => {
    const { fingerprint } = await open();
    expect((await open()).fingerprint).toBe(fingerprint);
    utimesSync(place('zoneinfo'), 1, 1);
    expect((await open()).fingerprint).not.toBe(fingerprint);
  });

  it.each(['zoneinfo', 'kpageflags.gz'])('is refused if %s changes while it is read', async (name) => {
    for (const manners of [{}, { rangeless: true }, { validators: [] }] as const) {
      server.manners = manners;
      const capture = await open();
      appendFileSync(place(name), 'x');
      const reading = capture.readTexts().then(() => streamCapture(capture));
      expect(await becauseOf(reading)).toContain(`http://there/host7/${name} is not what it was a moment ago`);
    }
  });

  it('survives a server that has too much to do, and does as it asks', async () => {
    const failed = new Set<string>();
    server.manners = {
      instead: (path, _, response) => {
        if (failed.has(path)) return false;
        failed.add(path);
        response.writeHead(503, { 'Retry-After': '0' }).end();
        return true;
      },
    };
    expect((await read()).nrPfns).toBeGreaterThan(0);
  });

  it.each<[string, Manners['instead'], string]>([
    ['503', (_, __, response) => !!response.writeHead(503).end(), 'its server answers 503, 3 times in a row.'],
    ['403', (_, __, response) => !!response.writeHead(403).end(), 'its server answers 403; let readers of captures in'],
    ['418', (_, __, response) => !!response.writeHead(418).end(), 'its server answers 418.'],
    ['silence', () => true, '(ETIMEDOUT), 3 times in a row.'],
    ['a cut connection', (_, request) => !!request.socket.destroy(), '(ECONNRESET), 3 times in a row.'],
    ['here and there', (path, _, response) => !!response.writeHead(302, { Location: path }).end(), 'is sent on and on'],
    ['nowhere', (_, __, response) => !!response.writeHead(302, { Location: 'ftp://a/' }).end(), 'to no address'],
    ['nothing about it', (_, __, response) => !!response.writeHead(200).end(), 'cannot be told from another'],
  ])('is refused in a sentence if its server answers %s', async (_, instead, says) => {
    server.manners = { ...(instead && { instead }) };
    const because = await becauseOf(open());
    expect(because).toContain(says);
    expect(because).toMatch(/^http:\/\/there\/host7\/\S+ [^\n]+\.$/);
  });

  it.each<[string, Manners, string]>([
    ['other parts', { instead: partial('bytes 1-2/3') }, 'is not what it was'],
    ['parts from elsewhere', { instead: partial('bytes 7-9/*') }, 'another part than was asked for'],
    ['parts without a place', { instead: partial('') }, 'another part than was asked for'],
    ['silence in the middle', { instead: stopsAfter('GET', 1) }, 'in a row'],
    ['packed files', { instead: packed }, 'packs it on the way'],
  ])('is refused in a sentence if its server sends %s', async (_, manners, says) => {
    server.manners = { validators: [], ...manners };
    expect(await becauseOf(read())).toContain(says);
  });

  it('is followed to where its server sends one', async () => {
    server.manners = {
      instead: (path, _, response) => {
        if (!path.startsWith('/old/')) return false;
        response.writeHead(301, { Location: path.replace('/old/', '/') }).end('elsewhere');
        return true;
      },
    };
    const { fingerprint } = await RemoteCapture.open(`${server.url}/old/host7`, PATIENCE);
    expect(fingerprint).toBe((await open()).fingerprint);
  });

  it('is asked for by GET where its server knows no HEAD', async () => {
    const { fingerprint } = await open();
    server.manners = {
      instead: (_, { method }, response) => method === 'HEAD' && !!response.writeHead(405).end(),
    };
    expect((await open()).fingerprint).toBe(fingerprint);
    expect((await read()).nrPfns).toBeGreaterThan(0);
  });

  it('that is none says so', async () => {
    rmSync(place('kpageflags.gz'));
    expect(await becauseOf(read())).toContain('http://there/host7 holds no kpageflags.gz');
  });
});

describe('Content-Range', () => {
  it.each([
    ['bytes 0-99/4096', { start: 0, nrBytes: 4096 }],
    ['bytes 5-5/*', { start: 5, nrBytes: null }],
    ['bytes 9-5/10', null],
    ['bytes */10', null],
    ['items 0-1/2', null],
  ])('is read: %s', (text, found) => expect(parseContentRange(text)).toEqual(found));
});

/** Columns as their hashes: of millions of elements nobody wants to see which differ. */
function shortened(image: MachineImage): unknown {
  const hashOf = (column: ArrayBufferView) =>
    createHash('sha256')
      .update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength))
      .digest('hex');
  return JSON.parse(JSON.stringify(image, (_, value) => (ArrayBuffer.isView(value) ? hashOf(value) : value)));
}

function unzip(): void {
  for (const name of ['kpageflags', 'kpagecount']) {
    writeFileSync(place(name), gunzipSync(readFileSync(place(`${name}.gz`))));
    rmSync(place(`${name}.gz`));
  }
}

/** Each answer goes a little further than the one before. */
function cutLater() {
  const cuts = new Map<string, number>();
  return (path: string) => {
    cuts.set(path, (cuts.get(path) ?? 0) + (path.endsWith('.gz') ? 20_000 : 2000));
    return cuts.get(path)!;
  };
}

function partial(range: string): NonNullable<Manners['instead']> {
  return (_, { method }, response) =>
    method === 'GET' && !!response.writeHead(206, range === '' ? {} : { 'Content-Range': range }).end('abc');
}

function stopsAfter(method: string, nrBytes: number): NonNullable<Manners['instead']> {
  return (_, request, response) => request.method === method && !!response.writeHead(200).write('x'.repeat(nrBytes));
}

function packed(...[path, { method }, response]: Parameters<NonNullable<Manners['instead']>>): boolean {
  return (
    method === 'GET' &&
    path.endsWith('info') &&
    !!response.writeHead(206, { 'Content-Encoding': 'gzip', 'Content-Range': 'bytes 0-1/*' }).end('ab')
  );
}
