import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KIND_FREE } from '../../../src/picture/page-kinds.js';
import { CHUNK_BLOCKS, CHUNK_END, CHUNK_PAGES, RECORDING_VERSION, SIGNATURE } from '../../../src/recording/chunk.js';
import { ChunkReader } from '../../../src/recording/chunk-reader.js';
import { packChunk } from '../../../src/recording/chunk-writer.js';
import { vacate } from '../run-cli.js';
import { Viewing } from './viewing.js';

const TIMEOUT_MS = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'vacate-view-'));
const whole = join(folder, 'whole.run');

beforeAll(async () => {
  const ended = await vacate(['offline', 'examples/scenarios/two-dimms.yaml', '--dimm', 'dimm1', '--record', whole]);
  expect(ended.exitCode).toBe(0);
}, TIMEOUT_MS);
afterAll(async () => {
  await Viewing.endAll();
  rmSync(folder, { recursive: true });
});

describe('a recorded run', () => {
  it(
    'is sent as it was written, to the hash with which it ended',
    async () => {
      const view = await Viewing.of([whole]);
      const watcher = view.watch('/api/picture');
      await watcher.until(() => watcher.kinds.includes(CHUNK_END));
      watcher.replay.seekFraction(1);
      expect(watcher.replay.hash()).toBe(watcher.replay.end!.hash);
      expect((await view.ask('/api/session')).json).toMatchObject({
        ...{ shows: 'run', name: 'two-dimms', state: 'open', isGrowing: false, allowActions: false },
        header: { strategy: 'merged' },
      });
      const page = await view.ask('/api/pages/1');
      expect([page.status, page.json.error]).toEqual([400, expect.stringContaining('open its machine')]);
      expect((await view.post('/api/runs', { frontEnd: 'offline', blocks: '1' })).status).toBe(403);
      expect(await view.end()).toBe(130);
    },
    TIMEOUT_MS,
  );

  it(
    'may still be written: what is added is sent too, chunk by chunk',
    async () => {
      const bytes = readFileSync(whole);
      const growing = join(folder, 'growing.run');
      const cut = Math.floor(bytes.length * 0.75); // the first group has all pages
      writeFileSync(growing, bytes.subarray(0, cut));
      const view = await Viewing.of([growing]);
      const watcher = view.watch('/api/picture');
      await watcher.until(() => watcher.kinds.includes(CHUNK_BLOCKS));
      expect((await view.ask('/api/session')).json.isGrowing).toBe(true);
      expect(watcher.kinds).not.toContain(CHUNK_END);
      for (let at = cut; at < bytes.length; at += 1000) appendFileSync(growing, bytes.subarray(at, at + 1000));
      await watcher.until(() => watcher.kinds.includes(CHUNK_END));
      watcher.replay.seekFraction(1);
      expect(watcher.replay.hash()).toBe(watcher.replay.end!.hash);
      await view.end();
    },
    TIMEOUT_MS,
  );

  it(
    'grows no longer when its process is gone',
    async () => {
      const cut = join(folder, 'cut.run');
      writeFileSync(cut, readFileSync(whole).subarray(0, -10));
      const longAgo = new Date(Date.now() - 60_000);
      const writer = openSync(cut, 'r+');
      utimesSync(cut, longAgo, longAgo);
      const view = await Viewing.of([cut]);
      expect((await view.ask('/api/session')).json.isGrowing).toBe(true); // this process may write to it
      closeSync(writer);
      expect((await view.ask('/api/session')).json.isGrowing).toBe(false);
      await view.end();
    },
    TIMEOUT_MS,
  );

  it(
    'that is damaged, or written anew, is no longer sent, and that is said',
    async () => {
      const bytes = readFileSync(whole);
      const damaged = join(folder, 'damaged.run');
      writeFileSync(damaged, Buffer.concat([bytes.subarray(0, bytes.length - 200), Buffer.alloc(300, 0xff)]));
      const view = await Viewing.of([damaged]);
      const watcher = view.watch('/api/picture');
      expect(await watcher.closed).toBe(4000);
      expect(JSON.parse(watcher.said[0]!).error).toContain('the recording is damaged');
      writeFileSync(damaged, bytes.subarray(0, bytes.length - 10));
      const second = view.watch('/api/picture');
      await second.until(() => second.kinds.includes(CHUNK_BLOCKS));
      await new Promise((resolve) => setTimeout(resolve, 300));
      truncateSync(damaged, 100);
      expect(await second.closed).toBe(4000);
      expect(JSON.parse(second.said[0]!).error).toContain('was written anew');
      await view.end();
    },
    TIMEOUT_MS,
  );

  it.each([
    ['is over', [], ['--allow-actions'], 'nothing can be begun on it'],
    ['has not begun', 20, [], 'does not say which run it is yet'],
  ] as const)(
    'that %s is refused by a sentence where it makes no sense',
    async (_what, length, args, says) => {
      const file = join(folder, 'short.run');
      writeFileSync(file, readFileSync(whole).subarray(0, typeof length === 'number' ? length : undefined));
      const ended = await vacate(['view', file, ...args]);
      expect(ended.stderr).toContain(says);
      expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
    },
    TIMEOUT_MS,
  );
});

describe('two recorded runs', () => {
  const other = join(folder, 'other.run');
  const elsewhere = join(folder, 'elsewhere.run');
  const filled = join(folder, 'filled.run');

  beforeAll(async () => {
    const recorded = (args: readonly string[], file: string) =>
      vacate(['offline', 'examples/scenarios/two-dimms.yaml', ...args, '--record', file]);
    const ended = [
      await recorded(['--dimm', 'dimm1', '--strategy', 'isolate-first'], other),
      await recorded(['--dimm', 'dimm1', '--seed', '7'], elsewhere),
    ];
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    writeFileSync(filled, withOnePageMore(readFileSync(other)));
  }, TIMEOUT_MS);

  /** A run whose header is the same, and one of whose first pages is not. */
  function withOnePageMore(run: Uint8Array): Uint8Array {
    const reader = new ChunkReader((bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }));
    reader.feed(run);
    const parts: Uint8Array[] = [Buffer.from(SIGNATURE), Buffer.from([RECORDING_VERSION])];
    let isChanged = false;
    for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) {
      const payload = chunk.payload.slice();
      // The bytes of pages are the last of the chunk.
      if (chunk.kind === CHUNK_PAGES && !isChanged) {
        isChanged = true;
        const last = payload.length - 1;
        payload[last] = payload[last] === KIND_FREE ? KIND_FREE + 1 : KIND_FREE;
      }
      parts.push(packChunk({ kind: chunk.kind, payload }, null));
    }
    return Buffer.concat(parts);
  }

  it(
    'of one machine are sent beside each other, each to its own hash',
    async () => {
      const view = await Viewing.of([whole, other]);
      expect((await view.ask('/api/session')).json).toMatchObject({
        ...{ shows: 'run', hasBeside: true, header: { strategy: 'merged' } },
      });
      const watchers = ['/api/picture', '/api/beside'].map((path) => view.watch(path));
      for (const watcher of watchers) await watcher.until(() => watcher.kinds.includes(CHUNK_END));
      for (const { replay } of watchers) {
        replay.seekFraction(1);
        expect(replay.hash()).toBe(replay.end!.hash);
      }
      expect(watchers.map(({ replay }) => replay.header?.strategy)).toEqual(['merged', 'isolate-first']);
      await view.end();
    },
    TIMEOUT_MS,
  );

  it.each([
    ['of machines that are not the same', () => [whole, elsewhere], 'not of the same machine: the first was made from'],
    ['that did not begin alike', () => [whole, filled], 'these runs did not begin alike: 1 page of '],
    ['one of which is a machine', () => [whole, 'examples/scenarios/two-dimms.yaml'], 'two-dimms.yaml" is no recorded'],
    ['the first of which is not there', () => [join(folder, 'none.run'), whole], 'none.run" is no recorded run'],
  ] as const)(
    '%s are refused',
    async (_what, files, says) => {
      const ended = await vacate(['view', ...files()]);
      expect(ended.stderr).toContain(says);
      expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
    },
    TIMEOUT_MS,
  );
});
