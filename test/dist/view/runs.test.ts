import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import { CHUNK_END, CHUNK_HEADER, CHUNK_PAGE_EVENTS, CHUNK_PAGES } from '../../../src/recording/chunk.js';
import { Viewing, type Watcher } from './viewing.js';

const MACHINE = 'examples/scenarios/two-dimms.yaml';
const BUSY = 'test/fixtures/view/busy.yaml';
/** By a strategy that moves pages more than once. */
const LONG = { frontEnd: 'high-order', order: 9, count: 'all', strategy: 'booking' } as const;
const TIMEOUT_MS = 300_000;
/** Of a machine of 1 GiB and two runs on it, the threads, and what may lie unsent. */
const MEMORY_MIB_MAX = 1024;

async function started(view: Viewing, request: unknown): Promise<{ id: string; watcher: Watcher }> {
  const { status, json } = await view.post('/api/runs', request);
  expect([status, json.error]).toEqual([201, null]);
  return { id: json.id, watcher: view.watch(`/api/runs/${json.id}`) };
}

async function state(view: Viewing, id: string): Promise<string> {
  return (await view.ask(`/api/runs/${id}`)).json.state;
}

async function untilState(view: Viewing, id: string, wanted: string): Promise<void> {
  while ((await state(view, id)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What was seen comes to what the run came to. */
function expectWhole({ replay, kinds }: Watcher): void {
  expect(kinds.at(-1)).toBe(CHUNK_END);
  replay.seekFraction(1);
  expect(replay.hash()).toBe(replay.end!.hash);
}

describe('a small machine', () => {
  let view: Viewing;
  beforeAll(async () => {
    view = await Viewing.of([MACHINE, '--allow-actions']);
  }, TIMEOUT_MS);
  afterAll(() => Viewing.endAll());

  it(
    'loses a DIMM before the eyes of whoever watches, and keeps it: runs have a copy',
    async () => {
      const { id, watcher } = await started(view, { frontEnd: 'offline', dimm: 'dimm1' });
      expect(await watcher.closed).toBe(1000);
      expectWhole(watcher);
      const { header, end, blockStates } = watcher.replay;
      expect(header).toMatchObject({ strategy: 'merged', machine: { name: 'two-dimms', source: 'scenario' } });
      expect(header!.command.slice(0, 3)).toEqual(['offline', MACHINE, '--blocks']);
      expect(end).toMatchObject({ outcome: 'done' });
      expect([...blockStates].filter((each) => each === BLOCK_OFFLINE).length).toBeGreaterThan(0);
      await untilState(view, id, 'done');
      const again = await started(view, { frontEnd: 'offline', dimm: 'dimm1' });
      await again.watcher.closed;
      expect(again.watcher.replay.end!.hash).toBe(end!.hash);
    },
    TIMEOUT_MS,
  );

  it(
    'lets two strategies begin in the same moment, on the same pages',
    async () => {
      const held = await Promise.all(
        ['merged', 'block-by-block'].map((strategy) =>
          started(view, { frontEnd: 'offline', dimm: 'dimm1', strategy, hold: true }),
        ),
      );
      const [first, second] = held as [{ id: string; watcher: Watcher }, { id: string; watcher: Watcher }];
      await Promise.all(held.map(({ id }) => untilState(view, id, 'held')));
      await Promise.all(held.map(({ watcher }) => watcher.picture()));
      expect(Buffer.compare(first.watcher.replay.pages, second.watcher.replay.pages)).toBe(0);
      expect(held.flatMap(({ watcher }) => watcher.kinds)).not.toContain(CHUNK_PAGE_EVENTS);
      for (const { id } of held) expect((await view.post(`/api/runs/${id}/go`, {})).status).toBe(200);
      for (const { watcher } of held) {
        await watcher.closed;
        expectWhole(watcher);
      }
      expect(first.watcher.replay.end!.outcome).toBe('done');
    },
    TIMEOUT_MS,
  );

  it.each([
    [{ frontEnd: 'offline' }, 'say what goes offline'],
    [{ frontEnd: 'offline', blocks: '99' }, 'memory block 99 does not exist'],
    [{ frontEnd: 'offline', blocks: 'x' }, 'blocks cannot read "x"'],
    [{ frontEnd: 'offline', dimm: 'dimm9' }, 'has no DIMM "dimm9"'],
    [{ frontEnd: 'offline', dimm: 'dimm1', strategy: 'best' }, '"best"'],
    [{ frontEnd: 'high-order', order: 0, count: 1 }, '"order" cannot be understood'],
    [{ frontEnd: 'high-order', order: 9 }, '"count" cannot be understood'],
    [{ frontEnd: 'offline', dimm: 'dimm1', surprise: 1 }, 'surprise'],
    [{}, 'frontEnd'],
    [[], 'cannot be understood'],
  ])('refuses what makes no sense: %j', async (request, says) => {
    const { status, json } = await view.post('/api/runs', request);
    expect(json.error).toContain(says);
    expect(json.error).not.toContain('--');
    expect(status).toBe(400);
  });

  it('takes JSON that says it is JSON', async () => {
    const body = JSON.stringify({ frontEnd: 'offline', dimm: 'dimm1' });
    const asText = await view.ask('/api/runs', { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    const headers = { 'content-type': 'application/json' };
    const broken = await view.ask('/api/runs', { method: 'POST', headers, body: body.slice(1) });
    expect([asText.status, broken.status]).toEqual([400, 400]);
  });

  it('does not know runs that never were', async () => {
    expect((await view.ask('/api/runs/77')).status).toBe(404);
    expect((await view.ask('/api/runs/77', { method: 'DELETE' })).status).toBe(404);
  });
});

describe('a run that takes its time', () => {
  let view: Viewing;
  beforeAll(async () => {
    view = await Viewing.of([BUSY, '--allow-actions']);
  }, TIMEOUT_MS);
  afterAll(() => Viewing.endAll());

  it(
    'goes on when the page is loaded again, which then sees all of it',
    async () => {
      const { id, watcher } = await started(view, LONG);
      await watcher.until(() => watcher.kinds.includes(CHUNK_PAGE_EVENTS));
      watcher.socket.terminate();
      const again = view.watch(`/api/runs/${id}`);
      await again.closed;
      expectWhole(again);
      expect(again.kinds.slice(0, 2)).toEqual([CHUNK_HEADER, CHUNK_PAGES]);
      expect(again.replay.end!.outcome).not.toBe('interrupted');
    },
    TIMEOUT_MS,
  );

  it(
    'is not held up by a page that reads nothing, nor does memory grow',
    async () => {
      const reading = await started(view, LONG);
      await reading.watcher.closed;
      const idle = await started(view, LONG);
      idle.watcher.socket.on('open', () => idle.watcher.socket.pause());
      const witness = view.watch(`/api/runs/${idle.id}`);
      await witness.closed;
      const [ms, msIdle] = [reading.watcher, witness].map(({ replay }) => replay.end!.ms) as [number, number];
      // Both are the same work on a machine that has other work; a run that waited would never have ended.
      expect(msIdle).toBeLessThan(4 * ms + 2000);
      const status = readFileSync(`/proc/${view.child.pid}/status`, 'latin1');
      expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024).toBeLessThan(MEMORY_MIB_MAX);
      // By now it may have been given up, as it answers no pings either; a page connects again then.
      idle.watcher.socket.terminate();
      const again = view.watch(`/api/runs/${idle.id}`);
      await again.closed;
      expectWhole(again);
    },
    TIMEOUT_MS,
  );

  it(
    'is stopped on demand, with everything in hand put back',
    async () => {
      const { id, watcher } = await started(view, LONG);
      await watcher.until(() => watcher.kinds.includes(CHUNK_PAGE_EVENTS));
      expect((await view.ask(`/api/runs/${id}`, { method: 'DELETE' })).status).toBe(200);
      await watcher.closed;
      expectWhole(watcher);
      expect(watcher.replay.end!.outcome).toBe('interrupted');
      await untilState(view, id, 'stopped');
    },
    TIMEOUT_MS,
  );

  it(
    'is one of four at most',
    async () => {
      const ids: string[] = [];
      for (let nr = 0; nr < 4; nr++) ids.push((await view.post('/api/runs', { ...LONG, hold: true })).json.id);
      const { status, json } = await view.post('/api/runs', LONG);
      expect([status, json.error]).toEqual([409, '4 runs go on already; stop one, or wait for its end']);
      for (const id of ids) await view.ask(`/api/runs/${id}`, { method: 'DELETE' });
      for (const id of ids) await untilState(view, id, 'stopped');
    },
    TIMEOUT_MS,
  );

  it(
    'ends with the server',
    async () => {
      const { watcher } = await started(view, LONG);
      await watcher.until(() => watcher.kinds.includes(CHUNK_PAGE_EVENTS));
      expect(await view.end()).toBe(130);
      expect(view.stderr).toBe('');
    },
    TIMEOUT_MS,
  );
});
