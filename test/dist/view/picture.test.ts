import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { kindOfByte } from '../../../src/picture/page-bytes.js';
import { PAGE_KINDS } from '../../../src/picture/page-kinds.js';
import { CHUNK_BLOCKS, CHUNK_HEADER, CHUNK_PAGES } from '../../../src/recording/chunk.js';
import { vacate } from '../run-cli.js';
import { Viewing, type Watcher } from './viewing.js';

const MACHINE = 'examples/scenarios/refusals.yaml';
const TIMEOUT_MS = 300_000;

let view: Viewing;
let watcher: Watcher;
beforeAll(async () => {
  view = await Viewing.of([MACHINE]);
  watcher = view.watch('/api/picture');
  await watcher.picture();
}, TIMEOUT_MS);
afterAll(() => Viewing.endAll());

it(
  'the picture has every page, as inspect counts them',
  async () => {
    const { stdout } = await vacate(['inspect', MACHINE, '--json']);
    const counts: Record<string, number> = {};
    for (const byte of watcher.replay.pages) {
      const { id } = PAGE_KINDS[kindOfByte(byte)]!;
      if (id !== 'hole') counts[id] = (counts[id] ?? 0) + 1;
    }
    const report = JSON.parse(stdout) as { nodes: { kinds: Record<string, number> }[] };
    const inspected: Record<string, number> = {};
    for (const { kinds } of report.nodes)
      for (const [id, nr] of Object.entries(kinds)) inspected[id] = (inspected[id] ?? 0) + nr;
    expect(counts).toEqual(inspected);
    expect(watcher.replay.migratetypes).toContain(MIGRATE_MOVABLE);
  },
  TIMEOUT_MS,
);

it('the session says what is shown', async () => {
  const { json } = await view.ask('/api/session');
  expect(json).toMatchObject({ shows: 'machine', name: 'refusals', state: 'open', error: null, progress: null });
  expect(json.header.machine).toMatchObject({ name: 'refusals', source: 'scenario' });
  expect(json.strategies.offline[0]).toMatchObject({ name: 'merged', labels: ['merged'] });
  expect(json.strategies.highOrder.map(({ name }: { name: string }) => name)).toContain('tosatti');
});

describe('a page', () => {
  const pagesOf = (id: string) =>
    [...watcher.replay.pages.keys()].filter((pfn) => PAGE_KINDS[kindOfByte(watcher.replay.pages[pfn]!)]!.id === id);

  it('that is free says of which order, as the map does', async () => {
    for (const pfn of pagesOf('free').slice(0, 3)) {
      const { json } = await view.ask(`/api/pages/${pfn}`);
      expect(json).toMatchObject({ pfn, kind: 'free', goes: null, because: null });
      if (json.order !== null) expect(json.order).toBe(watcher.replay.pages[pfn]! >>> 4);
    }
  });

  it('that would go says whose page type it is', async () => {
    const answers = await Promise.all(
      pagesOf('anonymous')
        .slice(0, 40)
        .map((pfn) => view.ask(`/api/pages/${pfn}`)),
    );
    const going = answers.filter(({ json }) => json.goes);
    expect(going.length).toBeGreaterThan(0);
    expect(['anonymous', 'swap-backed']).toContain(going[0]!.json.handler);
  });

  it('that would not go says why', async () => {
    const { json } = await view.ask(`/api/pages/0x${pagesOf('slab')[0]!.toString(16)}`);
    expect(json).toMatchObject({ kind: 'slab', goes: false, handler: 'core', blockState: 'online' });
    expect(json.because).toMatch(/\w+ \w+/);
    expect(json.flags).toContain('slab');
  });

  it.each(['1e3', '-1', '0x', 'abc', '12345678901', '%20', '1.5'])('is no page: %s', async (pfn) => {
    const { status, json } = await view.ask(`/api/pages/${pfn}`);
    expect([status, typeof json.error]).toEqual([400, 'string']);
  });

  it('behind the last is refused by a sentence', async () => {
    const { status, json } = await view.ask('/api/pages/0xffffffff');
    expect(status).toBe(400);
    expect(json.error).toContain('lies behind the last');
  });
});

it(
  'a capture is shown as kpageflags has it, and then as it is; whoever comes late sees that at once',
  async () => {
    const capturing = await Viewing.of(['test/fixtures/captures/pinned-offline/before-memory32']);
    const early = capturing.watch('/api/picture');
    await early.picture();
    for (let state = ''; state !== 'open'; ) state = (await capturing.ask('/api/session')).json.state;
    const late = capturing.watch('/api/picture');
    await late.picture();
    expect(new Set(late.kinds)).toEqual(new Set([CHUNK_HEADER, CHUNK_PAGES, CHUNK_BLOCKS]));
    expect(late.kinds.filter((kind) => kind === CHUNK_BLOCKS)).toHaveLength(1);
    const seen = ({ replay }: Watcher) => {
      replay.seekFraction(1);
      return JSON.stringify([replay.hash(), [...replay.blockStates], [...(replay.migratetypes ?? [])]]);
    };
    await early.until(() => seen(early) === seen(late));
    expect(seen(early)).toBe(seen(late));
  },
  TIMEOUT_MS,
);

it('a page that watches has nothing to say', async () => {
  const talker = view.watch('/api/picture');
  await talker.picture();
  talker.socket.send('hello');
  expect(await talker.closed).toBe(1008);
});

it('there is nothing to watch elsewhere', async () => {
  await expect(view.watch('/api/runs/1').closed).resolves.toBe(1006);
});

describe('a machine that cannot be opened', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-view-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'ends the command as other commands end',
    async () => {
      const capture = join(folder, 'capture');
      mkdirSync(capture);
      writeFileSync(join(capture, 'kpageflags'), 'nothing');
      const ended = await vacate(['view', capture]);
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain('kpageflags');
    },
    TIMEOUT_MS,
  );
});
